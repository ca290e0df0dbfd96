#include "connectors/cloud_mqtt/uplink_connection.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/mqtt/marker.h"
#include "connectors/mqtt/words.h"

namespace sluice::cloud_mqtt {

namespace {

UplinkConnection& self(void* object) {
  return *static_cast<UplinkConnection*>(object);
}

/// So many messages are handed on before what waits to be sent has its turn.
constexpr std::uint64_t arrivals_max = 64;

struct Free {
  void operator()(void* bytes) const { std::free(bytes); }
};

std::string response_topic(const mosquitto_property* properties) {
  char* text = nullptr;
  mosquitto_property_read_string(properties, MQTT_PROP_RESPONSE_TOPIC, &text, false);
  const std::unique_ptr<char, Free> owned(text);
  return text == nullptr ? std::string() : std::string(text);
}

std::string correlation_data(const mosquitto_property* properties) {
  void* bytes = nullptr;
  std::uint16_t size = 0;
  mosquitto_property_read_binary(properties, MQTT_PROP_CORRELATION_DATA, &bytes, &size, false);
  const std::unique_ptr<void, Free> owned(bytes);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::optional<Duration> expiry(const mosquitto_property* properties) {
  std::uint32_t seconds = 0;
  if (mosquitto_property_read_int32(properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &seconds, false) == nullptr)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

mqtt::PropertyList properties_of(const Outgoing& outgoing, const std::string& gateway_id) {
  mqtt::PropertyList list;
  list.user(mqtt::marker, gateway_id);
  if (!outgoing.content_type.empty()) list.text(MQTT_PROP_CONTENT_TYPE, outgoing.content_type);
  if (!outgoing.correlation.empty()) list.binary(MQTT_PROP_CORRELATION_DATA, outgoing.correlation);
  return list;
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

UplinkConnection::UplinkConnection(mqtt::ClientPtr client, int level, mqtt::Tls tls, transport::Redaction secrets)
    : client_(std::move(client)), level_(level), tls_(std::move(tls)), secrets_(std::move(secrets)) {
  wire();
}

void UplinkConnection::wire() {
  mosquitto* client = client_.get();
  mosquitto_user_data_set(client, this);
  mosquitto_connect_v5_callback_set(
      client, [](mosquitto*, void* object, int code, int flags, const mosquitto_property* properties) {
        self(object).on_connect(code, flags, properties);
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
            {packet_id, reason, reason == 0 ? std::string() : connection.reason_string(properties)});
      });
  mosquitto_log_callback_set(client, [](mosquitto*, void* object, int level, const char* line) {
    if (level == MOSQ_LOG_ERR) self(object).tls_error_ = line;
  });
  wire_arrivals();
}

void UplinkConnection::wire_arrivals() {
  mosquitto* client = client_.get();
  mosquitto_message_v5_callback_set(
      client, [](mosquitto*, void* object, const mosquitto_message* message, const mosquitto_property* properties) {
        self(object).on_message(*message, properties);
      });
  mosquitto_subscribe_callback_set(client, [](mosquitto*, void* object, int packet_id, int count, const int* granted) {
    UplinkConnection& connection = self(object);
    ++connection.events_seen_;
    if (count == 1) connection.grants_.push_back({packet_id, granted[0]});
  });
}

int UplinkConnection::socket() const {
  return mosquitto_socket(client_.get());
}

void UplinkConnection::turn() {
  std::uint64_t before = 0;
  const std::uint64_t arrivals_before = arrivals_seen_;
  do {
    before = events_seen_;
    if (const int code = mosquitto_loop_read(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
    // loop_read takes some packets and does not say whether there were any.
  } while (events_seen_ != before && !lost() && arrivals_seen_ < arrivals_before + arrivals_max);
  const bool many = arrivals_seen_ > arrivals_before + 1 && !lost();
  if (many) mqtt::set_cork(client_.get(), true);
  flush();
  if (lost()) return;
  if (many) mqtt::set_cork(client_.get(), false);
  if (const int code = mosquitto_loop_misc(client_.get()); code != MOSQ_ERR_SUCCESS) end(code, errno);
}

void UplinkConnection::flush() {
  if (lost() || !mosquitto_want_write(client_.get())) return;
  if (const int code = mosquitto_loop_write(client_.get(), 1); code != MOSQ_ERR_SUCCESS) end(code, errno);
}

void UplinkConnection::end_many() {
  flush();
  if (!lost()) mqtt::set_cork(client_.get(), false);
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

std::size_t UplinkConnection::excess(const Packing& packing, int qos) const {
  const std::size_t bytes =
      mqtt::publish_bytes(level_, packing.topic().size(), packing.payload().size(), qos, packing.properties());
  return std::max(bytes, limits_.packet_bytes_max) - limits_.packet_bytes_max;
}

Result<int> UplinkConnection::publish(const Packing& packing, int qos) {
  return publish(packing.topic(), packing.payload(), qos, packing.properties());
}

Result<int> UplinkConnection::publish(const Outgoing& outgoing, const std::string& gateway_id) {
  return publish(outgoing.topic, outgoing.payload, outgoing.qos,
                 level_ == 5 ? properties_of(outgoing, gateway_id) : mqtt::PropertyList());
}

Result<int> UplinkConnection::subscribe(const std::string& filter, int qos) {
  const int options = level_ == 5 ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER : 0;
  int packet_id = 0;
  const int code = mosquitto_subscribe_v5(client_.get(), &packet_id, filter.c_str(), qos, options, nullptr);
  if (code == MOSQ_ERR_SUCCESS) return packet_id;
  return invalid("MQTT cannot carry it: " + mqtt::library_words(code, errno));
}

Result<int> UplinkConnection::publish(const std::string& topic, std::string_view payload, int qos,
                                      const mqtt::PropertyList& properties) {
  const std::size_t bytes = mqtt::publish_bytes(level_, topic.size(), payload.size(), qos, properties);
  if (bytes > limits_.packet_bytes_max)
    return invalid("it is a packet of " + std::to_string(bytes) + " bytes, more than this cloud takes (" +
                   std::to_string(limits_.packet_bytes_max) + ")");
  int packet_id = 0;
  const int code = mosquitto_publish_v5(client_.get(), &packet_id, topic.c_str(), static_cast<int>(payload.size()),
                                        payload.data(), qos, false, properties.get());
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
      return invalid("MQTT cannot carry it to '" + topic + "': " + mqtt::library_words(code, 0));
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

/// The server's own words; cut, since they stand in a log line.
std::string UplinkConnection::reason_string(const mqtt5__property* properties) const {
  char* text = nullptr;
  mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &text, false);
  const std::unique_ptr<char, Free> owned(text);
  return text == nullptr ? std::string() : secrets_.apply(text).substr(0, 200);
}

std::string UplinkConnection::with_reason(std::string words, const mqtt5__property* properties) const {
  const std::string said = reason_string(properties);
  return said.empty() ? words : words + " (it says: " + said + ")";
}

void UplinkConnection::on_connect(int code, int flags, const mqtt5__property* properties) {
  ++events_seen_;
  greeted_ = true;
  session_present_ = code == 0 && (flags & 1) != 0;
  limits_ = limits_of(properties);
  if (code != 0) refusal_ = with_reason(mqtt::refusal_words(code, level_), properties);
  greeting_ = Greeting{code, refusal_, limits_};
}

void UplinkConnection::on_message(const mosquitto_message& message, const mqtt5__property* properties) {
  ++events_seen_;
  ++arrivals_seen_;
  if (!listener_) return;
  Arrival arrival;
  arrival.topic = message.topic;
  if (message.payloadlen > 0)
    arrival.payload = {static_cast<const char*>(message.payload), static_cast<std::size_t>(message.payloadlen)};
  arrival.qos = message.qos;
  arrival.retained = message.retain;
  arrival.response_topic = response_topic(properties);
  arrival.correlation = correlation_data(properties);
  arrival.expires_in = expiry(properties);
  listener_(arrival);
}

void UplinkConnection::on_disconnect(int code, const mqtt5__property* properties) {
  // Reason codes of the server's DISCONNECT begin at 128; below are the library's own errors, which the caller gets.
  if (code < MQTT_RC_UNSPECIFIED || !refusal_.empty()) return;
  farewell_ = code;
  refusal_ = with_reason(mqtt::reason_words(code), properties);
}

}  // namespace sluice::cloud_mqtt
