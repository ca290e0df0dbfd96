#include "connectors/cloud_mqtt/topic_template.h"

#include <algorithm>

#include "connectors/azure_iot_hub/telemetry_topics.h"
#include "connectors/cloud_mqtt/topic_downlink.h"
#include "connectors/mqtt/address.h"
#include "gateway/core/json_text.h"
#include "gateway/core/topic_filter.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace cloud_mqtt;

Record record_of(std::string_view device, std::string_view schema, std::string_view topic) {
  Record record;
  record.device = device;
  record.schema = schema;
  record.data = "{\"device\":";
  append_json_string(record.data, device);
  append_json_string(record.data += ",\"schema\":", schema);
  append_json_string(record.data += ",\"topic\":", topic);
  record.data += "}";
  return record;
}

void check_topic(const std::string& topic) {
  const auto unfit = [](unsigned char c) { return c == '+' || c == '#' || c < 0x20 || c == 0x7f; };
  require(!topic.empty() && topic.size() <= 65'535, "a topic has its bounds");
  require(std::none_of(topic.begin(), topic.end(), unfit), "no wildcards, no control characters", topic);
  require(topic.front() != '$' && topic.front() != '/' && topic.back() != '/' && topic.find("//") == std::string::npos,
          "no empty level, and none of the broker's own", topic);
}

void check_template(std::string_view text, const std::vector<Record>& records) {
  const Result<TopicTemplate> topics = TopicTemplate::parse(text, "home-pi");
  require(topics || topics.error().message.find("cannot be a topic: ") != std::string::npos, "a template, or why not");
  if (!topics) return;
  std::vector<std::string> made(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!topics->append_topic(made[i], {&records[i], 1})) made[i].clear();
    if (made[i].empty()) continue;
    check_topic(made[i]);
    const std::string below = topics->literal_levels();
    require(below.empty() || covers(below + "/#", made[i]), "below what it is known for", made[i]);
  }
  require(!topics->together(records[0], records[1]) || made[0] == made[1], "together on one topic",
          made[0] + " " + made[1]);
  require(topics->varies() || made[0] == made[1], "what does not vary is the same", made[0] + " " + made[1]);
}

void check_bag(const std::vector<Record>& records) {
  const azure_iot_hub::TelemetryTopics topics("home-pi", Format::structured);
  for (const Record& record : records) {
    std::string topic;
    if (topics.append_topic(topic, {&record, 1}))
      require(topic.find_first_of("+#") == std::string::npos && topic.size() <= 65'535, "a property bag is a topic",
              topic);
  }
}

/// Lines: a template, a device, a schema, a topic; then another device and topic.
void run(std::string_view input) {
  const std::string_view text = take_until(input, "\n");
  const std::string_view device = take_until(input, "\n"), schema = take_until(input, "\n"),
                         topic = take_until(input, "\n");
  const std::string_view other = take_until(input, "\n");
  const std::vector<Record> records = {record_of(device, schema, topic), record_of(other, schema, input)};
  check_template(text, records);
  check_bag(records);
  if (const auto downlink = check_command_topic(text); downlink)
    require(text.find_first_of("+#") == std::string_view::npos && !text.starts_with('$'), "commands come on one topic",
            text);
  if (const auto address = mqtt::parse_address(text); address)
    require(!address->host.empty() && address->port > 0 && address->port < 65'536, "an address", text);
}

const Target target("topic_template", run);

}  // namespace
}  // namespace sluice::fuzz
