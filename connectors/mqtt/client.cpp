#include "connectors/mqtt/client.h"

#include <mutex>

#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "gateway/core/assert.h"

namespace sluice::mqtt {

namespace {

void init_library() {
  static std::once_flag once;
  std::call_once(once, [] { SLUICE_ASSERT(mosquitto_lib_init() == MOSQ_ERR_SUCCESS); });
}

}  // namespace

void DestroyClient::operator()(mosquitto* client) const noexcept {
  mosquitto_destroy(client);
}

void FreeProperties::operator()(mqtt5__property* properties) const noexcept {
  mosquitto_property_free_all(&properties);
}

Result<ClientPtr> make_client(const ClientOptions& options, const Tls& tls) {
  init_library();
  const char* id = options.client_id.empty() ? nullptr : options.client_id.c_str();
  ClientPtr client(mosquitto_new(id, options.clean, nullptr));
  if (!client) return config_error("client_id: '" + options.client_id + "' is not one that MQTT allows");
  if (options.writing == Writing::deferred) mosquitto_threaded_set(client.get(), true);
  mosquitto_int_option(client.get(), MOSQ_OPT_PROTOCOL_VERSION, options.level);
  mosquitto_int_option(client.get(), MOSQ_OPT_TCP_NODELAY, 1);
  if (!options.username.empty()) {
    const char* password = options.password.empty() ? nullptr : options.password.c_str();
    if (mosquitto_username_pw_set(client.get(), options.username.c_str(), password) != MOSQ_ERR_SUCCESS)
      return config_error("username is not one that MQTT allows");
  }
  if (tls != nullptr) {
    mosquitto_void_option(client.get(), MOSQ_OPT_SSL_CTX, tls->get());
    mosquitto_int_option(client.get(), MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
  }
  return client;
}

short events_of(mosquitto* client) {
  auto* ssl = static_cast<SSL*>(mosquitto_ssl_get(client));
  const bool peers_turn = ssl != nullptr && SSL_is_init_finished(ssl) == 0 && SSL_want_read(ssl);
  return mosquitto_want_write(client) && !peers_turn ? POLLIN | POLLOUT : POLLIN;
}

bool pending(mosquitto* client) {
  auto* ssl = static_cast<SSL*>(mosquitto_ssl_get(client));
  return ssl != nullptr && SSL_pending(ssl) > 0;
}

void set_cork(mosquitto* client, bool on) {
  const int value = on ? 1 : 0;
  setsockopt(mosquitto_socket(client), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

}  // namespace sluice::mqtt
