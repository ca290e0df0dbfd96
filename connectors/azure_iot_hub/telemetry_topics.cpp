#include "connectors/azure_iot_hub/telemetry_topics.h"

#include "gateway/core/percent.h"

namespace sluice::azure_iot_hub {

namespace {
/// MQTT's own bound of a topic is 65 535 bytes; a device's name that fills it is none.
constexpr std::size_t topic_bytes_max = 65'535;

/// A device's own payload may be anything; the rest is JSON.
std::string_view content(cloud_mqtt::Format format) {
  return format == cloud_mqtt::Format::original ? "" : "$.ct=application%2Fjson&$.ce=utf-8&";
}
}  // namespace

TelemetryTopics::TelemetryTopics(std::string_view device_id, cloud_mqtt::Format format)
    : beginning_("devices/" + std::string(device_id) + "/messages/events/" + std::string(content(format)) + "$.mid=") {}

bool TelemetryTopics::append_topic(std::string& out, std::span<const Record> records) const {
  const Record& first = records.front();
  const std::size_t before = out.size();
  out += beginning_;
  first.id.append_to(out);
  if (records.size() == 1) {
    out += "&schema=" + percent_encoded(first.schema);
    out += "&device=" + percent_encoded(first.device);
  }
  return out.size() - before <= topic_bytes_max;
}

}  // namespace sluice::azure_iot_hub
