#include "connectors/cloud_mqtt/reasons.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "connectors/mqtt/words.h"

namespace sluice::cloud_mqtt {

Verdict verdict_of(int reason, const std::string& said) {
  if (reason < MQTT_RC_UNSPECIFIED) return Verdict::accept();  // success, or no subscriber, which is one
  const std::string words =
      "the broker answered: " + mqtt::reason_words(reason) + (said.empty() ? "" : " (" + said + ")");
  if (blames_content(reason)) return Verdict::reject(words);
  if (reason == MQTT_RC_NOT_AUTHORIZED)
    return Verdict::pause(
        "not authorised to publish: allow this client the topic at the broker, or change uplink.topic" +
        (said.empty() ? std::string() : " (it says: " + said + ")"));
  return Verdict::defer(words);
}

bool blames_content(int reason) {
  return reason == MQTT_RC_TOPIC_NAME_INVALID || reason == MQTT_RC_PACKET_TOO_LARGE ||
         reason == MQTT_RC_PAYLOAD_FORMAT_INVALID;
}

bool is_lasting(int code, int level) {
  if (level == 4) return code != CONNACK_REFUSED_SERVER_UNAVAILABLE;
  switch (code) {
    case MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION:
    case MQTT_RC_CLIENTID_NOT_VALID:
    case MQTT_RC_BAD_USERNAME_OR_PASSWORD:
    case MQTT_RC_NOT_AUTHORIZED:
    case MQTT_RC_BANNED:
    case MQTT_RC_BAD_AUTHENTICATION_METHOD:
    case MQTT_RC_USE_ANOTHER_SERVER:
    case MQTT_RC_SERVER_MOVED:
      return true;
    default:
      return false;
  }
}

bool is_unsupported(int code, int level) {
  // Brokers that do not know MQTT 5 answer as 3.1.1 does.
  return code == static_cast<int>(CONNACK_REFUSED_PROTOCOL_VERSION) ||
         (level == 5 && code == static_cast<int>(MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION));
}

}  // namespace sluice::cloud_mqtt
