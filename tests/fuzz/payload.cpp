#include "tests/fuzz/payload.h"

#include "gateway/core/cloud_event.h"
#include "gateway/core/json_text.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"
#include "tests/stage/fake_clock.h"

namespace sluice::fuzz {

using normalize::Fate;
using normalize::Normalizer;

namespace {

constexpr std::size_t topic_size_max = 65'535;
constexpr std::size_t reason_size_max = 300;
constexpr std::size_t events_size_max = 33 << 20;  // 32 MiB, and the last of them

void check_fate(const Fate& fate, bool any_records) {
  require(any_records == (fate.kind == Fate::Kind::understood),
          "records come of what is understood, and of nothing else");
  require(fate.reason.empty() == (fate.kind != Fate::Kind::quarantined), "quarantine has a reason", fate.reason);
  require(fate.reason.size() <= reason_size_max, "a reason is short", fate.reason);
  require(is_utf8(fate.reason) && is_utf8(fate.field), "a reason is text", fate.reason);
}

void check_record(const Record& record, const Message& message) {
  require_clean_object(record.data, "an event", 70);
  const auto topic = topic_of(record);
  require(topic.has_value(), "an event tells its topic", record.data);
  require(*topic == message.topic || !is_utf8(message.topic), "it is the message's", *topic);
  require(text_member(record.data, "device") == record.device || !is_utf8(record.device), "the record is of its device",
          record.device);
  require(text_member(record.data, "schema") == record.schema, "the record is of its schema", record.schema);
  std::string event;
  append_cloud_event(event, record, "/sluice/fuzz");
  require_clean_object(event, "a CloudEvent", 71);
}

bool same(const std::vector<Record>& one, const std::vector<Record>& other) {
  const auto equal = [](const Record& a, const Record& b) {
    return a.kind == b.kind && a.device == b.device && a.schema == b.schema && a.time == b.time && a.data == b.data;
  };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), equal);
}

}  // namespace

std::shared_ptr<const normalize::Library> library_of(const std::string& text) {
  normalize::Problems problems;
  auto library = normalize::Library::of_text(text, "fuzz.yaml", problems);
  require(library != nullptr, "the target's own schema has no mistake", problems.text() + text);
  return library;
}

Message message_of(std::string_view topic, std::string_view payload, bool retained) {
  Message message;
  message.topic = topic.substr(0, topic_size_max);
  message.payload = payload;
  message.payload_size = payload.size();
  message.retained = retained;
  message.received_at = stage::FakeClock().wall_time();
  return message;
}

std::vector<Record> read_and_check(Normalizer& reader, const Message& message) {
  std::vector<Record> records, again;
  const Fate fate = reader.normalize(message, records);
  check_fate(fate, !records.empty());
  std::size_t size = 0;
  for (const Record& record : records) size += record.data.size();
  require(size <= events_size_max, "what a message becomes is bounded");
  for (const Record& record : records) check_record(record, message);
  const Fate fate_again = reader.normalize(message, again);
  require(fate_again.kind == fate.kind && fate_again.reason == fate.reason && same(records, again),
          "a second reading says the same", fate.reason + " / " + fate_again.reason);
  return records;
}

Payloads::Payloads(const std::vector<std::string>& messages) {
  for (const std::string& each : messages) add("family: t\nmessages:\n" + each, normalize::Unmatched::auto_);
}

void Payloads::add(const std::string& file, normalize::Unmatched unmatched) {
  readers_.push_back(std::make_unique<Normalizer>(library_of(file), Normalizer::Options{unmatched, "Europe/Berlin"}));
}

void Payloads::run(std::string_view input) {
  Normalizer& reader = *readers_[take_choice(input, readers_.size())];
  const bool retained = take_choice(input, 2) == 1;
  const std::string_view topic = take_until(input, "\n");
  read_and_check(reader, message_of(topic, input, retained));
}

}  // namespace sluice::fuzz
