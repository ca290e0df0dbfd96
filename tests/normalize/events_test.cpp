#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/core/cloud_event.h"
#include "gateway/core/unsynced.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/schema.h"
#include "tests/normalize/json_schema.h"
#include "tests/stage/fake_clock.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::JsonSchema;
const std::filesystem::path schemas = SLUICE_SOURCE_DIR "/schemas";

const JsonSchema& schema_of(RecordKind kind) {
  static std::map<RecordKind, JsonSchema> known;
  const auto file = schemas / "events" / (std::string(name_of(kind)) + ".schema.json");
  return known.try_emplace(kind, file, true).first->second;
}

json event_of(const Record& record) {
  std::string text;
  append_cloud_event(text, record, "/sluice/home-pi");
  return json::parse(text);
}

/// Gives records an id and a place in time, as the gateway does.
class Envelope {
 public:
  json wrap(Record record) {
    record.id = ids_.next();
    return event_of(record);
  }
  Timestamp now() const { return clock_.wall_time(); }

 private:
  stage::FakeClock clock_;
  RecordIds ids_{clock_};
};

std::vector<json> events_of(Normalizer& normalizer, const std::string& topic, const std::string& payload,
                            bool retained) {
  Envelope envelope;
  Message message;
  message.topic = topic;
  message.payload = payload;
  message.payload_size = payload.size();
  message.retained = retained;
  message.received_at = envelope.now();
  std::vector<Record> records;
  normalizer.normalize(message, records);
  std::vector<json> events;
  for (const Record& record : records) events.push_back(envelope.wrap(record));
  return events;
}

RecordKind kind_of(const json& event) {
  const std::string type = event.at("type").get<std::string>();
  const std::string name = type.substr(7, type.size() - 10);  // sluice.NAME.v1
  return record_kind(name).value_or(RecordKind::notice);
}

TEST(Events, every_event_of_every_shipped_example_is_as_its_schema_says) {
  Problems problems;
  const auto library = Library::load({schemas, {}, std::nullopt}, problems);
  ASSERT_NE(library, nullptr) << problems.text();
  Normalizer normalizer(library, {Unmatched::ignore, "Europe/Berlin"});
  std::map<RecordKind, int> seen;
  for (const Family& family : library->families())
    for (const MessageSchema& message : family.messages)
      for (const Example& example : message.examples)
        for (const json& event : events_of(normalizer, example.topic, example.payload, example.retained)) {
          ++seen[kind_of(event)];
          EXPECT_EQ(schema_of(kind_of(event)).broken_by(event), "") << event.dump(2);
          EXPECT_EQ(event.at("subject"), event.at("data").at("device"));
          EXPECT_EQ(event.at("dataschema"), "urn:sluice:schema:" + event.at("data").at("schema").get<std::string>());
        }
  EXPECT_GT(seen[RecordKind::reading], 50);
  EXPECT_GT(seen[RecordKind::occurrence], 10);
  EXPECT_GT(seen[RecordKind::presence], 8);
}

TEST(Events, those_of_an_unsynced_clock_are_as_their_schemas_say) {
  Problems problems;
  const auto library = Library::load({schemas, {}, std::nullopt}, problems);
  ASSERT_NE(library, nullptr) << problems.text();
  Normalizer normalizer(library, {Unmatched::raw, ""});
  Message message;
  for (const char* topic : {"tele/kitchen/STATE", "tele/kitchen/LWT", "stat/kitchen/RESULT", "somewhere"}) {
    message.topic = topic;
    message.payload = std::string(topic).ends_with("LWT") ? "Online" : R"({"Time":"2026-01-01T00:00:00","POWER":"ON"})";
    message.payload_size = message.payload.size();
    message.boot_at = Timestamp{};
    std::vector<Record> records;
    normalizer.normalize(message, records);
    ASSERT_EQ(records.size(), 1u) << topic;
    mark_unsynced(records[0], *message.boot_at);
    const json event = Envelope().wrap(records[0]);
    EXPECT_EQ(schema_of(records[0].kind).broken_by(event), "") << event.dump(2);
    EXPECT_EQ(event["data"].value("clock", ""), "unsynced") << event.dump(2);
  }
}

TEST(Events, unmatched_messages_are_as_their_schemas_say) {
  Problems problems;
  const auto library = Library::load({schemas, {}, std::vector<FamilyUse>{{"button", {}, {}}}}, problems);
  ASSERT_NE(library, nullptr) << problems.text();
  const std::vector<std::string> payloads = {R"({"a":{"b":[1,"x",true,null]},"":0,"Ä b":2})",
                                             "21.5",
                                             "on",
                                             "a sentence, perhaps",
                                             std::string("\xff\x00\x01", 3),
                                             "",
                                             "[1,2]"};
  for (const Unmatched policy : {Unmatched::auto_, Unmatched::raw}) {
    Normalizer normalizer(library, {policy, ""});
    int made = 0;
    for (const std::string& payload : payloads)
      for (const json& event : events_of(normalizer, "some/topic/Über all", payload, false)) {
        ++made;
        EXPECT_EQ(schema_of(kind_of(event)).broken_by(event), "") << event.dump(2);
      }
    EXPECT_GE(made, 5);
  }
}

TEST(Events, the_event_in_the_documentation_is_one) {
  const std::string text = stage::text_of(schemas / "README.md");
  const std::size_t begin = text.find("```json\n");
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = text.find("```", begin + 8);
  const json event = json::parse(text.substr(begin + 8, end - begin - 8));
  EXPECT_EQ(schema_of(RecordKind::reading).broken_by(event), "");
}

/// A good event of each kind, as JSON text of `data`.
const std::map<RecordKind, std::string> good_data = {
    {RecordKind::reading,
     R"({"device":"f/d","schema":"f/m","topic":"t","received_at":"2026-03-01T09:00:00.5Z","time_from":"device","retained":false,
         "readings":{"a.b-1":{"value":1.5,"unit":"Cel"},"c":{"value":true},"d":{"value":""}},"rest":{"x":[null]}})"},
    {RecordKind::occurrence,
     R"({"device":"f/d","schema":"f/m","topic":"t","received_at":"2026-03-01T09:00:00Z","time_from":"gateway","retained":false})"},
    {RecordKind::presence,
     R"({"device":"f/d","schema":"f/m","topic":"t","received_at":"2026-03-01T09:00:00Z","time_from":"unknown","retained":true,
         "online":false})"},
    {RecordKind::raw,
     R"({"device":"auto/t","schema":"auto/raw","topic":"t","received_at":"2026-03-01T09:00:00Z","time_from":"gateway",
         "retained":false,"payload_base64":"AP8="})"},
    {RecordKind::outcome,
     R"({"id":"c1","device":"f/d","command":"power","outcome":"succeeded","reason":"","reply":{"power":{"value":true}},
         "at":"2026-03-01T09:00:00Z"})"},
    {RecordKind::notice,
     R"({"device":"sluice/home-pi","schema":"sluice/notice","notice":"records_dropped","text":"17 records were dropped",
         "cloud":"hooks","records":17,"at":"2026-03-01T09:00:00Z"})"},
};

json good_event(RecordKind kind) {
  Envelope envelope;
  Record record;
  record.kind = kind;
  record.data = good_data.at(kind);
  const json data = json::parse(record.data);
  record.device = data.at("device").get<std::string>();
  record.schema = data.value("schema", "f/m");
  record.time = envelope.now();
  return envelope.wrap(record);
}

TEST(Events, good_events_of_every_kind_are_accepted) {
  for (const auto& [kind, data] : good_data)
    EXPECT_EQ(schema_of(kind).broken_by(good_event(kind)), "") << name_of(kind);
}

/// Sets what stands at the pointer; "remove" takes it away.
json changed(json event, const std::string& pointer, const std::string& value) {
  const json::json_pointer at(pointer);
  if (value == "remove")
    event.at(at.parent_pointer()).erase(at.back());
  else
    event[at] = json::parse(value);
  return event;
}

struct Mistake {
  RecordKind kind;
  std::string pointer;
  std::string value;
};

TEST(Events, what_is_wrong_is_refused) {
  std::vector<Mistake> mistakes = {
      {RecordKind::reading, "/data/readings/A", R"({"value":1})"},
      {RecordKind::reading, "/data/readings/a..b", R"({"value":1})"},
      {RecordKind::reading, "/data/readings/a", R"({"value":null})"},
      {RecordKind::reading, "/data/readings/a", R"({"value":{}})"},
      {RecordKind::reading, "/data/readings/a", R"({"value":1,"unit":""})"},
      {RecordKind::reading, "/data/readings/a", R"({"unit":"Cel"})"},
      {RecordKind::reading, "/data/readings/a", R"({"value":1,"color":"red"})"},
      {RecordKind::reading, "/data/readings", "remove"},
      {RecordKind::reading, "/data/time_from", R"("somewhere")"},
      {RecordKind::occurrence, "/data/retained", R"("no")"},
      {RecordKind::presence, "/data/online", R"("online")"},
      {RecordKind::presence, "/data/online", "remove"},
      {RecordKind::raw, "/data/payload_base64", "remove"},
      {RecordKind::raw, "/data/payload", R"("both")"},
      {RecordKind::raw, "/data/payload_base64", R"("not base 64")"},
      {RecordKind::outcome, "/data/outcome", R"("perhaps")"},
      {RecordKind::outcome, "/data/id", "remove"},
      {RecordKind::notice, "/data/records", "0"},
      {RecordKind::notice, "/data/device", R"("tasmota/kitchen")"},
  };
  for (const auto& [kind, data] : good_data) {
    mistakes.push_back({kind, "/specversion", R"("2.0")"});
    mistakes.push_back({kind, "/id", R"("00000000-0000-4000-8000-000000000000")"});
    mistakes.push_back({kind, "/source", R"("/elsewhere")"});
    mistakes.push_back({kind, "/type", R"("sluice.other.v1")"});
    mistakes.push_back({kind, "/subject", R"("no-family")"});
    mistakes.push_back({kind, "/time", R"("2026-03-01 09:00:00")"});
    mistakes.push_back({kind, "/time", "remove"});
    mistakes.push_back({kind, "/dataschema", R"("tasmota/sensor")"});
    mistakes.push_back({kind, "/data", "remove"});
    mistakes.push_back({kind, "/extra", "1"});
    mistakes.push_back({kind, "/data/extra", "1"});
    mistakes.push_back({kind, "/data/device", "remove"});
  }
  for (const Mistake& mistake : mistakes) {
    const json event = changed(good_event(mistake.kind), mistake.pointer, mistake.value);
    EXPECT_NE(schema_of(mistake.kind).broken_by(event), "")
        << name_of(mistake.kind) << ": " << mistake.pointer << " = " << mistake.value;
  }
}

}  // namespace
}  // namespace sluice::normalize
