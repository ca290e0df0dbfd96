#include "connectors/mqtt/publish_packet.h"

#include <limits>

#include <mosquitto.h>
#include <mqtt_protocol.h>

namespace sluice::mqtt {

namespace {

constexpr std::size_t length_bytes = 2;  // of a text or of bytes
constexpr std::size_t packet_id_bytes = 2;
constexpr std::size_t text_bytes_max = std::numeric_limits<std::uint16_t>::max();

/// Of a length as MQTT writes it (MQTT 5 section 1.5.5).
std::size_t number_bytes(std::size_t number) {
  std::size_t bytes = 1;
  for (; number > 127; number >>= 7) ++bytes;
  return bytes;
}

}  // namespace

template <class Add>
bool PropertyList::add(std::size_t bytes, Add add) {
  mosquitto_property* list = list_.release();
  const bool added = add(&list) == MOSQ_ERR_SUCCESS;
  list_.reset(list);
  if (added) bytes_ += 1 + bytes;
  return added;
}

bool PropertyList::byte(int property, std::uint8_t value) {
  return add(sizeof value,
             [&](mosquitto_property** list) { return mosquitto_property_add_byte(list, property, value); });
}

bool PropertyList::number(int property, std::uint32_t value) {
  return add(sizeof value,
             [&](mosquitto_property** list) { return mosquitto_property_add_int32(list, property, value); });
}

bool PropertyList::text(int property, const std::string& value) {
  // As the library takes it: up to the first NUL.
  return add(length_bytes + std::string_view(value.c_str()).size(),
             [&](mosquitto_property** list) { return mosquitto_property_add_string(list, property, value.c_str()); });
}

bool PropertyList::binary(int property, std::string_view value) {
  if (value.size() > text_bytes_max) return false;
  return add(length_bytes + value.size(), [&](mosquitto_property** list) {
    return mosquitto_property_add_binary(list, property, value.data(), static_cast<std::uint16_t>(value.size()));
  });
}

bool PropertyList::user(const char* name, const std::string& value) {
  if (value.size() > text_bytes_max) return false;  // the library does not look
  const std::size_t texts = std::string_view(name).size() + std::string_view(value.c_str()).size();
  return add(2 * length_bytes + texts, [&](mosquitto_property** list) {
    return mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, name, value.c_str());
  });
}

std::size_t publish_bytes(int level, std::size_t topic_bytes, std::size_t payload_bytes, int qos,
                          const PropertyList& properties) {
  std::size_t body = length_bytes + topic_bytes + (qos > 0 ? packet_id_bytes : 0) + payload_bytes;
  if (level == 5) body += number_bytes(properties.bytes()) + properties.bytes();
  return 1 + number_bytes(body) + body;
}

}  // namespace sluice::mqtt
