#include "connectors/local_broker/command_connection.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/local_broker/arrival.h"
#include "connectors/mqtt/marker.h"
#include "connectors/mqtt/words.h"
#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

CommandConnection& self(void* object) {
  return *static_cast<CommandConnection*>(object);
}

}  // namespace

CommandConnection::CommandConnection(mqtt::ClientPtr client, int level, const Options& options, const Clock& clock,
                                     mqtt::Tls tls, Batch& batch)
    : client_(std::move(client)), level_(level), options_(options), clock_(clock), tls_(std::move(tls)), batch_(batch) {
  wire();
}

void CommandConnection::wire() {
  mosquitto* client = client_.get();
  mosquitto_user_data_set(client, this);
  mosquitto_connect_v5_callback_set(client,
                                    [](mosquitto*, void* object, int code, int, const mosquitto_property* properties) {
                                      self(object).on_connect(code, properties);
                                    });
  mosquitto_disconnect_callback_set(client,
                                    [](mosquitto*, void* object, int code) { self(object).on_disconnect(code); });
  mosquitto_message_v5_callback_set(
      client, [](mosquitto*, void* object, const mosquitto_message* message, const mosquitto_property* properties) {
        self(object).on_message(*message, properties);
      });
  mosquitto_subscribe_callback_set(client, [](mosquitto*, void* object, int packet_id, int count, const int* granted) {
    self(object).on_subscribe(packet_id, count, granted);
  });
  mosquitto_publish_v5_callback_set(client,
                                    [](mosquitto*, void* object, int packet_id, int reason, const mosquitto_property*) {
                                      self(object).on_publish(packet_id, reason);
                                    });
  mosquitto_log_callback_set(client, [](mosquitto*, void* object, int level, const char* line) {
    if (level == MOSQ_LOG_ERR) self(object).tls_error_ = line;
  });
}

void CommandConnection::read() {
  std::uint64_t before = 0;
  do {
    before = events_seen_;
    if (const int code = mosquitto_loop_read(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
    // loop_read takes one packet and does not say whether there was one.
  } while (!batch_.full() && events_seen_ != before);
}

void CommandConnection::write() {
  if (lost()) return;
  if (mosquitto_want_write(client_.get()))
    if (const int code = mosquitto_loop_write(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
  if (const int code = mosquitto_loop_misc(client_.get()); code != MOSQ_ERR_SUCCESS) end(code, errno);
}

void CommandConnection::disconnect() {
  if (lost() || unacknowledged_) return;
  if (mosquitto_disconnect_v5(client_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr) != MOSQ_ERR_SUCCESS) return;
  for (int tries = 0; tries < 10 && mosquitto_want_write(client_.get()); ++tries) {
    pollfd writable{socket(), POLLOUT, 0};
    poll(&writable, 1, 100);
    if (mosquitto_loop_write(client_.get(), 1) != MOSQ_ERR_SUCCESS) return;
  }
}

void CommandConnection::subscribe(std::vector<std::string> filters) {
  asked_ = std::move(filters);
  refused_ = {};
  subscribe_answered_ = asked_.empty();
  if (asked_.empty()) return;
  std::vector<char*> names;
  // The library takes char* const*, and does not write.
  for (const std::string& filter : asked_) names.push_back(const_cast<char*>(filter.c_str()));
  const int code = mosquitto_subscribe_multiple(client_.get(), &subscribe_packet_id_, static_cast<int>(names.size()),
                                                names.data(), 1, MQTT_SUB_OPT_SEND_RETAIN_ALWAYS, nullptr);
  if (code != MOSQ_ERR_SUCCESS) end(code, errno);
}

mqtt::PropertyList CommandConnection::publish_properties(const CommandPublish& publish) const {
  mqtt::PropertyList list;
  if (level_ != 5) return list;
  const auto expiry =
      std::clamp<std::chrono::seconds::rep>(publish.expires_in.count(), 1, std::numeric_limits<std::uint32_t>::max());
  SLUICE_ASSERT(list.number(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, static_cast<std::uint32_t>(expiry)));
  SLUICE_ASSERT(list.user(mqtt::marker, options_.client_id));
  return list;
}

Result<> CommandConnection::publish(const CommandPublish& publish) {
  // The library would end the topic there, and reach another device.
  if (publish.topic.find('\0') != std::string::npos) return invalid("a topic cannot hold NUL");
  const mqtt::PropertyList properties = publish_properties(publish);
  if (mqtt::publish_bytes(level_, publish.topic.size(), publish.payload.size(), publish.qos, properties) >
      packet_bytes_max_)
    return invalid("it is larger than the broker takes");
  acknowledgement_.reset();
  const int code = mosquitto_publish_v5(client_.get(), &publish_packet_id_, publish.topic.c_str(),
                                        static_cast<int>(publish.payload.size()), publish.payload.data(), publish.qos,
                                        false, properties.get());
  switch (code) {
    case MOSQ_ERR_SUCCESS:
      unacknowledged_ = true;
      return {};
    case MOSQ_ERR_OVERSIZE_PACKET:
    case MOSQ_ERR_PAYLOAD_SIZE:
      return invalid("it is larger than the broker takes");
    case MOSQ_ERR_INVAL:
    case MOSQ_ERR_MALFORMED_UTF8:
      return invalid("MQTT cannot carry it: the topic or the QoS is not one to publish with");
    case MOSQ_ERR_QOS_NOT_SUPPORTED:
      return invalid("the broker does not take this QoS");
    default:
      unacknowledged_ = true;
      end(code, errno);
      return {};
  }
}

void CommandConnection::give_up(std::string why) {
  if (!lost()) lost_ = std::move(why);
}

void CommandConnection::end(int code, int error_number) {
  if (lost()) return;
  const std::string certificate = tls_ == nullptr ? std::string() : tls_->take_refusal();
  tls_failed_ = !answered_ && (!certificate.empty() || !tls_error_.empty());
  if (!certificate.empty()) return give_up("TLS: " + certificate);
  if (!refusal_.empty()) return give_up(refusal_);
  if (tls_failed_) return give_up(mqtt::tls_words(tls_error_));
  give_up(mqtt::library_words(code, error_number));
}

void CommandConnection::on_connect(int code, const mqtt5__property* properties) {
  ++events_seen_;
  answered_ = true;
  answer_ = code;
  mosquitto_property_read_int32(properties, MQTT_PROP_MAXIMUM_PACKET_SIZE, &packet_bytes_max_, false);
  if (code != 0) refusal_ = mqtt::refusal_words(code, level_);
}

void CommandConnection::on_disconnect(int code) {
  // Reason codes of the broker's DISCONNECT begin at 128; below are the library's own errors, which the caller gets.
  if (code >= MQTT_RC_UNSPECIFIED && refusal_.empty()) refusal_ = mqtt::reason_words(code);
}

void CommandConnection::on_message(const mosquitto_message& message, const mqtt5__property* properties) noexcept {
  ++events_seen_;
  arrive(batch_, message, properties, options_.message_size_max, clock_.wall_time());
}

void CommandConnection::on_subscribe(int packet_id, int count, const int* granted) {
  ++events_seen_;
  if (packet_id != subscribe_packet_id_) return;
  subscribe_answered_ = true;
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const int answer = i < static_cast<std::size_t>(count) ? granted[i] : MQTT_RC_UNSPECIFIED;
    if (answer <= 1) continue;  // most devices publish at QoS 0: that is enough
    refused_.words += (refused_.filters.empty() ? "'" : "; '") + asked_[i] + "': " + mqtt::reason_words(answer);
    refused_.filters.push_back(asked_[i]);
  }
}

void CommandConnection::on_publish(int packet_id, int reason) {
  ++events_seen_;
  if (!unacknowledged_ || packet_id != publish_packet_id_) return;
  unacknowledged_ = false;
  acknowledgement_ = reason;
}

}  // namespace sluice::local_broker
