#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/mqtt/client.h"

namespace sluice::mqtt {

/// The properties of one PUBLISH with MQTT 5, and how many bytes they take. Properties are named by their numbers in
/// mqtt_protocol.h. One thread.
class PropertyList {
 public:
  PropertyList() = default;

  // Each answers whether the property was added: not one that MQTT cannot carry, as a text of more than 65535 bytes.
  bool byte(int property, std::uint8_t value);
  bool number(int property, std::uint32_t value);  ///< of four bytes
  bool text(int property, const std::string& value);
  bool binary(int property, std::string_view value);
  bool user(const char* name, const std::string& value);

  /// Null: there are none.
  const mqtt5__property* get() const { return list_.get(); }
  /// On the wire, without their length.
  std::size_t bytes() const { return bytes_; }

 private:
  template <class Add>
  bool add(std::size_t bytes, Add add);

  Properties list_;
  std::size_t bytes_ = 0;
};

/// The size of a whole PUBLISH (MQTT 5 and 3.1.1, section 3.3), as a broker's Maximum Packet Size counts it (MQTT 5
/// section 3.2.2.3.6). libmosquitto 2.0.11 counts too few before it queues one, and when it finds out behind that,
/// aborts the process: whoever publishes asks here first. `level`: 5, or 4 for MQTT 3.1.1, which has no properties.
std::size_t publish_bytes(int level, std::size_t topic_bytes, std::size_t payload_bytes, int qos,
                          const PropertyList& properties);

}  // namespace sluice::mqtt
