#include "connectors/local_broker/connecting.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

/// Messages a little over message_size_max still arrive and are accounted for; what is far beyond it the broker keeps
/// away, so that it never has to fit into memory.
constexpr std::size_t packet_size_beyond = std::size_t{16} << 20;
constexpr std::size_t packet_size_most = 268'435'455;  // what MQTT's length field can say (section 1.5.5)

void add_number(mosquitto_property** list, int property, std::uint32_t value) {
  SLUICE_ASSERT(mosquitto_property_add_int32(list, property, value) == MOSQ_ERR_SUCCESS);
}

}  // namespace

Result<Line> line_of(const Options& options) {
  if (!options.address.tls) return Line{};
  auto made = transport::TlsContext::make(options.tls, options.address.host);
  if (!made) return config_error("local_broker." + made.error().message);
  return Line{std::move(*made)};
}

mqtt::ClientOptions client_options(const Options& options, int level, Session session) {
  return {options.address, options.client_id,        options.username,   options.password,
          level,           session == Session::none, options.keep_alive, mqtt::Writing::deferred};
}

mqtt::Properties connect_properties(const Options& options, int level, Session session) {
  if (level != 5) return nullptr;
  mosquitto_property* list = nullptr;
  if (session == Session::lasting) add_number(&list, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 0xFFFFFFFF);  // never
  SLUICE_ASSERT(mosquitto_property_add_int16(&list, MQTT_PROP_RECEIVE_MAXIMUM, options.receive_maximum) ==
                MOSQ_ERR_SUCCESS);
  const std::size_t packet_size = std::min(options.message_size_max + packet_size_beyond, packet_size_most);
  add_number(&list, MQTT_PROP_MAXIMUM_PACKET_SIZE, static_cast<std::uint32_t>(packet_size));
  return mqtt::Properties(list);
}

bool says_unsupported(int code) {
  return code == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION || code == CONNACK_REFUSED_PROTOCOL_VERSION;
}

}  // namespace sluice::local_broker
