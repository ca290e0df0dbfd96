#include "connectors/mqtt/words.h"

#include <cstring>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>

namespace sluice::mqtt {
namespace {

constexpr std::string_view ended = "unexpected eof";  // in OpenSSL's words
constexpr std::string_view check_login = "not authorised: check username and password";
constexpr std::string_view check_client_id = "the broker does not take this client id: check client_id";
constexpr std::string_view unsupported_version = "the broker does not speak this version of MQTT";

}  // namespace

std::string refusal_words(int code, int level) {
  if (level == 4) {
    switch (code) {
      case CONNACK_REFUSED_PROTOCOL_VERSION:
        return std::string(unsupported_version);
      case CONNACK_REFUSED_IDENTIFIER_REJECTED:
        return std::string(check_client_id);
      case CONNACK_REFUSED_SERVER_UNAVAILABLE:
        return "the broker is not available now";
      case CONNACK_REFUSED_BAD_USERNAME_PASSWORD:
      case CONNACK_REFUSED_NOT_AUTHORIZED:
        return std::string(check_login);
      default:
        return "the broker refuses the connection (code " + std::to_string(code) + ")";
    }
  }
  switch (code) {
    case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
      return std::string(unsupported_version);
    case MQTT_RC_CLIENTID_NOT_VALID:
      return std::string(check_client_id);
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
    case MQTT_RC_BAD_AUTHENTICATION_METHOD:
      return std::string(check_login);
    case MQTT_RC_SERVER_UNAVAILABLE:
      return "the broker is not available now";
    case MQTT_RC_BANNED:
      return "the broker has banned this client";
    default:
      return "the broker refuses the connection: " + reason_words(code);
  }
}

std::string reason_words(int code) {
  switch (code) {
    case MQTT_RC_SESSION_TAKEN_OVER:
      return "another client has connected with the same client id: check client_id";
    case MQTT_RC_SERVER_SHUTTING_DOWN:
      return "the broker is shutting down";
    case MQTT_RC_KEEP_ALIVE_TIMEOUT:
      return "the broker heard nothing for longer than the keep alive";
    case MQTT_RC_NOT_AUTHORIZED:
      return "not authorised: check the broker's access list";
    default:
      break;
  }
  std::string text = mosquitto_reason_string(code);
  while (text.ends_with('.')) text.pop_back();
  return text + " (code " + std::to_string(code) + ")";
}

std::string library_words(int code, int error_number) {
  switch (code) {
    case MOSQ_ERR_ERRNO:
      return std::strerror(error_number);
    case MOSQ_ERR_EAI:
      return std::string("the name cannot be resolved: ") + gai_strerror(error_number);
    case MOSQ_ERR_CONN_LOST:
      return "the broker closed the connection";
    case MOSQ_ERR_KEEPALIVE:
      return "the broker has not answered for longer than the keep alive";
    case MOSQ_ERR_PROTOCOL:
    case MOSQ_ERR_MALFORMED_PACKET:
      return "the broker sent something that is not MQTT";
    default:
      break;
  }
  std::string text = mosquitto_strerror(code);
  while (text.ends_with('.')) text.pop_back();
  return text;
}

std::string tls_words(std::string_view line) {
  const std::size_t last = line.rfind(':');
  std::string text = "TLS: " + std::string(last == std::string_view::npos ? line : line.substr(last + 1));
  if (line.find("certificate required") != std::string_view::npos ||
      line.find("handshake failure") != std::string_view::npos)
    text += " (does the broker want a client certificate? tls.cert_file and tls.key_file)";
  if (line.find("wrong version number") != std::string_view::npos || line.find(ended) != std::string_view::npos)
    text += " (is this port one for TLS?)";
  return text;
}

bool blames_tls(std::string_view line) {
  return !line.empty() && line.find(ended) == std::string_view::npos;
}

std::string library_version() {
  int major = 0;
  int minor = 0;
  int revision = 0;
  mosquitto_lib_version(&major, &minor, &revision);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(revision);
}

}  // namespace sluice::mqtt
