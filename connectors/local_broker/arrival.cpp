#include "connectors/local_broker/arrival.h"

#include <algorithm>
#include <string_view>

#include <mosquitto.h>

#include "connectors/mqtt/marker.h"

namespace sluice::local_broker {

Message& arrive(Batch& batch, const mosquitto_message& message, const mqtt5__property* properties, std::size_t size_max,
                Timestamp now) {
  const auto size = static_cast<std::size_t>(message.payloadlen);
  const std::size_t kept = size > size_max ? std::min(size_max, oversize_kept) : size;
  const std::string_view topic(message.topic);
  Message& to = batch.add(topic.size() + kept);
  to.topic.assign(topic);
  to.payload.assign(kept == 0 ? "" : static_cast<const char*>(message.payload), kept);
  to.qos = static_cast<std::uint8_t>(message.qos);
  to.retained = message.retain;
  to.received_at = now;
  to.boot_at.reset();
  to.packet_id = static_cast<std::uint16_t>(message.mid);
  to.resent = false;
  to.from_gateway = mqtt::carries_marker(properties);
  to.payload_size = size;
  return to;
}

}  // namespace sluice::local_broker
