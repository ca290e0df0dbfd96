#include "tests/normalize/schema_stage.h"

#include <fstream>

#include <gtest/gtest.h>

#include "gateway/core/time_text.h"

namespace sluice::stage {

using nlohmann::json;

namespace {

void write_files(const TempFolder& folder, const std::vector<std::string>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) std::ofstream(folder / (std::to_string(i) + ".yaml")) << files[i];
}

}  // namespace

SchemaStage::SchemaStage(std::vector<std::string> files, normalize::Normalizer::Options options) {
  write_files(folder_, files);
  normalize::Problems problems;
  library_ = normalize::Library::load({{}, {folder_.path()}, {}}, problems);
  if (library_ == nullptr) throw std::runtime_error(problems.text());
  normalizer_ = std::make_unique<normalize::Normalizer>(library_, options);
}

std::string SchemaStage::file_with(const std::string& message) {
  return "family: t\nmessages:\n- { name: m, topic: 't/{device}', " + message + " }\n";
}

Message SchemaStage::message(const std::string& topic, const std::string& payload) {
  Message message;
  message.topic = topic;
  message.payload = payload;
  message.payload_size = payload.size();
  message.received_at = FakeClock().wall_time();
  return message;
}

json SchemaStage::send(const std::string& topic, const std::string& payload) {
  return send(message(topic, payload));
}

json SchemaStage::send(const Message& message) {
  std::vector<Record> records;
  const normalize::Fate fate = normalizer_->normalize(message, records);
  EXPECT_EQ(records.empty(), fate.kind != normalize::Fate::Kind::understood) << message.topic << " " << message.payload;
  if (fate.kind == normalize::Fate::Kind::ignored) return "ignored";
  if (fate.kind == normalize::Fate::Kind::quarantined)
    return "quarantined: " + fate.schema + ": " + fate.field + ": " + fate.reason;
  json events = json::array();
  for (const Record& record : records) {
    json event = json::parse(record.data);
    EXPECT_EQ(event["device"], record.device);
    EXPECT_EQ(event["schema"], record.schema);
    event["kind"] = name_of(record.kind);
    event["time"] = rfc3339(record.time);
    events.push_back(event);
  }
  return events;
}

normalize::Fate SchemaStage::fate(const Message& message) {
  std::vector<Record> records;
  const normalize::Fate fate = normalizer_->normalize(message, records);
  EXPECT_EQ(records.empty(), fate.kind != normalize::Fate::Kind::understood) << message.topic << " " << message.payload;
  return fate;
}

json readings_of(const std::string& message, const std::string& payload) {
  SchemaStage stage({SchemaStage::file_with(message)});
  const json events = stage.send("t/d", payload);
  if (!events.is_array() || events.size() != 1) return events;
  json values = json::object();
  for (const auto& [name, reading] : events[0]["readings"].items()) values[name] = reading["value"];
  return values;
}

std::string problems_of(const std::vector<std::string>& files) {
  TempFolder folder;
  write_files(folder, files);
  normalize::Problems problems;
  EXPECT_EQ(normalize::Library::load({{}, {folder.path()}, {}}, problems), nullptr);
  std::string text = problems.text();
  const std::string prefix = folder.path().string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
    text.erase(at, prefix.size());
  return text;
}

std::string wrong(const std::string& message) {
  std::string text = problems_of({SchemaStage::file_with(message)});
  if (text.empty() || text.find('\n') + 1 != text.size()) return text;
  text = text.substr(text.find(": ") + 2);
  return text.substr(0, text.size() - 1);
}

}  // namespace sluice::stage
