#include "connectors/cloud_mqtt/uplink_connection.h"

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/mqtt/words.h"

namespace sluice::cloud_mqtt {

namespace {

UplinkConnection& self(void* object) {
  return *static_cast<UplinkConnection*>(object);
}

struct Free {
  void operator()(char* text) const { std::free(text); }
};

/// The server's own words; cut, since they stand in a log line.
std::string reason_string(const mosquitto_property* properties) {
  char* text = nullptr;
  mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &text, false);
  const std::unique_ptr<char, Free> owned(text);
  return text == nullptr ? std::string() : std::string(text).substr(0, 200);
}

std::string with_reason(std::string words, const mosquitto_property* properties) {
  const std::string said = reason_string(properties);
  return said.empty() ? words : words + " (it says: " + said + ")";
}

ServerLimits limits_of(const mosquitto_property* properties) {
  ServerLimits limits;
  std::uint16_t receive_maximum = 0;
  if (mosquitto_property_read_int16(properties, MQTT_PROP_RECEIVE_MAXIMUM, &receive_maximum, false) != nullptr)
    limits.receive_maximum = receive_maximum;
  std::uint32_t packet_bytes_max = 0;
  if (mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &packet_bytes_max, false) != nullptr)
    limits.packet_bytes_max = packet_bytes_max;
  std::uint8_t qos_max = 0;
  if (mosquitto_property_read_byte(properties, MQTT_PROP_MAXIMUM_QOS, &qos_max, false) != nullptr)
    limits.qos_max = qos_max;
  return limits;
}

}  // namespace

UplinkConnection::UplinkConnection(mqtt::ClientPtr client, int level, mqtt::Tls tls)
    : client_(std::move(client)), level_(level), tls_(std::move(tls)) {
  wire();
}

void UplinkConnection::wire() {
  mosquitto* client = client_.get();
  mosquitto_user_data_set(client, this);
  mosquitto_connect_v5_callback_set(client,
                                    [](mosquitto*, void* object, int code, int, const mosquitto_property* properties) {
                                      self(object).on_connect(code, properties);
                                    });
  mosquitto_disconnect_v5_callback_set(client,
                                       [](mosquitto*, void* object, int code, const mosquitto_property* properties) {
                                         self(object).on_disconnect(code, properties);
                                       });
  mosquitto_publish_v5_callback_set(
      client, [](mosquitto*, void* object, int packet_id, int reason, const mosquitto_property* properties) {
        UplinkConnection& connection = self(object);
        ++connection.events_seen_;
        connection.acknowledgements_.push_back(
            {packet_id, reason, reason == 0 ? std::string() : reason_string(properties)});
      });
  mosquitto_log_callback_set(client, [](mosquitto*, void* object, int level, const char* line) {
    if (level == MOSQ_LOG_ERR) self(object).tls_error_ = line;
  });
}

int UplinkConnection::socket() const {
  return mosquitto_socket(client_.get());
}

void UplinkConnection::turn() {
  std::uint64_t before = 0;
  do {
    before = events_seen_;
    if (const int code = mosquitto_loop_read(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
    // loop_read takes some packets and does not say whether there were any.
  } while (events_seen_ != before);
  if (mosquitto_want_write(client_.get()))
    if (const int code = mosquitto_loop_write(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
  if (const int code = mosquitto_loop_misc(client_.get()); code != MOSQ_ERR_SUCCESS) end(code, errno);
}

void UplinkConnection::disconnect() {
  if (lost() || mosquitto_disconnect_v5(client_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr) != MOSQ_ERR_SUCCESS)
    return;
  for (int tries = 0; tries < 10 && mosquitto_want_write(client_.get()); ++tries) {
    pollfd writable{socket(), POLLOUT, 0};
    poll(&writable, 1, 100);
    if (mosquitto_loop_write(client_.get(), 1) != MOSQ_ERR_SUCCESS) return;
  }
}

Result<int> UplinkConnection::publish(const Packing& packing, const Record& first, int qos) {
  const mqtt::Properties properties = packing.properties(first);
  const std::string_view payload = packing.payload();
  int packet_id = 0;
  const int code = mosquitto_publish_v5(client_.get(), &packet_id, packing.topic().c_str(),
                                        static_cast<int>(payload.size()), payload.data(), qos, false, properties.get());
  switch (code) {
    case MOSQ_ERR_SUCCESS:
    case MOSQ_ERR_CONN_LOST:  // found while writing; the next turn says why
    case MOSQ_ERR_NO_CONN:
    case MOSQ_ERR_ERRNO:
    case MOSQ_ERR_TLS:
      if (code != MOSQ_ERR_SUCCESS) end(code, errno);
      return packet_id;
    case MOSQ_ERR_OVERSIZE_PACKET:
    case MOSQ_ERR_PAYLOAD_SIZE:
      return invalid("it is larger than the broker takes");
    default:
      return invalid("MQTT cannot carry it to '" + packing.topic() + "': " + mqtt::library_words(code, 0));
  }
}

void UplinkConnection::give_up(std::string why) {
  if (!lost()) lost_ = std::move(why);
}

void UplinkConnection::end(int code, int error_number) {
  if (lost()) return;
  const std::string certificate = tls_ == nullptr ? std::string() : tls_->take_refusal();
  tls_failed_ = !greeted_ && (!certificate.empty() || mqtt::blames_tls(tls_error_));
  if (!certificate.empty()) return give_up("TLS: " + certificate);
  if (!refusal_.empty()) return give_up(refusal_);
  if (!greeted_ && !tls_error_.empty()) return give_up(mqtt::tls_words(tls_error_));
  give_up(mqtt::library_words(code, error_number));
}

void UplinkConnection::on_connect(int code, const mqtt5__property* properties) {
  ++events_seen_;
  greeted_ = true;
  greeting_.emplace();
  greeting_->code = code;
  greeting_->limits = limits_of(properties);
  if (code == 0) return;
  refusal_ = with_reason(mqtt::refusal_words(code, level_), properties);
  greeting_->refusal = refusal_;
}

void UplinkConnection::on_disconnect(int code, const mqtt5__property* properties) {
  // Reason codes of the server's DISCONNECT begin at 128; below are the library's own errors, which the caller gets.
  if (code < MQTT_RC_UNSPECIFIED || !refusal_.empty()) return;
  farewell_ = code;
  refusal_ = with_reason(mqtt::reason_words(code), properties);
}

}  // namespace sluice::cloud_mqtt
