#include "connectors/local_broker/client.h"

#include <algorithm>
#include <mutex>

#include <mqtt_protocol.h>

#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

/// Messages a little over message_size_max still arrive and are accounted for; what is far beyond it the broker keeps
/// away, so that it never has to fit into memory.
constexpr std::size_t packet_size_beyond = std::size_t{16} << 20;
constexpr std::size_t packet_size_most = 268'435'455;  // what MQTT's length field can say (section 1.5.5)

void init_library() {
  static std::once_flag once;
  std::call_once(once, [] { SLUICE_ASSERT(mosquitto_lib_init() == MOSQ_ERR_SUCCESS); });
}

void add_number(mosquitto_property** list, int property, std::uint32_t value) {
  SLUICE_ASSERT(mosquitto_property_add_int32(list, property, value) == MOSQ_ERR_SUCCESS);
}

}  // namespace

Result<ClientPtr> make_client(const Options& options, int level, Role role, const TlsContext* tls) {
  init_library();
  const char* id = options.client_id.empty() ? nullptr : options.client_id.c_str();
  ClientPtr client(mosquitto_new(id, role == Role::publisher, nullptr));
  if (!client) return config_error("local_broker.client_id: '" + options.client_id + "' is not one that MQTT allows");
  if (role == Role::telemetry) mosquitto_threaded_set(client.get(), true);
  mosquitto_int_option(client.get(), MOSQ_OPT_PROTOCOL_VERSION, level);
  mosquitto_int_option(client.get(), MOSQ_OPT_TCP_NODELAY, 1);
  if (!options.username.empty()) {
    const char* password = options.password.empty() ? nullptr : options.password.c_str();
    if (mosquitto_username_pw_set(client.get(), options.username.c_str(), password) != MOSQ_ERR_SUCCESS)
      return config_error("local_broker.username is not one that MQTT allows");
  }
  if (tls != nullptr) {
    mosquitto_void_option(client.get(), MOSQ_OPT_SSL_CTX, tls->get());
    mosquitto_int_option(client.get(), MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
  }
  return client;
}

Properties connect_properties(const Options& options, int level) {
  if (level != 5) return nullptr;
  mosquitto_property* list = nullptr;
  add_number(&list, MQTT_PROP_SESSION_EXPIRY_INTERVAL, 0xFFFFFFFF);  // never (MQTT 5 section 3.1.2.11.2)
  SLUICE_ASSERT(mosquitto_property_add_int16(&list, MQTT_PROP_RECEIVE_MAXIMUM, options.receive_maximum) ==
                MOSQ_ERR_SUCCESS);
  const std::size_t packet_size = std::min(options.message_size_max + packet_size_beyond, packet_size_most);
  add_number(&list, MQTT_PROP_MAXIMUM_PACKET_SIZE, static_cast<std::uint32_t>(packet_size));
  return Properties(list);
}

}  // namespace sluice::local_broker
