#pragma once

#include <string>
#include <string_view>

#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/cloud_mqtt/topics.h"

namespace sluice::azure_iot_hub {

/// devices/{device}/messages/events/{property bag} (learn.microsoft.com, "Communicate with an IoT hub using the MQTT
/// protocol"). In the bag: $.mid, the record's id; $.ct and $.ce, without which the hub's routes see no JSON but
/// base64; schema and device, for a message of one record.
class TelemetryTopics final : public cloud_mqtt::Topics {
 public:
  TelemetryTopics(std::string_view device_id, cloud_mqtt::Format format);

  bool append_topic(std::string& out, std::span<const Record> records) const override;
  bool together(const Record&, const Record&) const override { return true; }

 private:
  const std::string beginning_;
};

}  // namespace sluice::azure_iot_hub
