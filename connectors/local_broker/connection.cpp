#include "connectors/local_broker/connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/local_broker/arrival.h"
#include "connectors/mqtt/words.h"
#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

constexpr int qos = 1;  // never 2: between PUBREC and PUBREL libmosquitto holds the payload in memory alone

Connection& self(void* object) {
  return *static_cast<Connection*>(object);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size());
  // The library takes char* const*, and does not write.
  for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  return result;
}

}  // namespace

Connection::Connection(mqtt::ClientPtr client, int level, const Options& options, const Clock& clock, mqtt::Tls tls,
                       Batch& batch)
    : client_(std::move(client)),
      level_(level),
      options_(options),
      clock_(clock),
      tls_(std::move(tls)),
      batch_(batch),
      dup_watch_(options.client_id) {
  SLUICE_ASSERT(batch_.empty());
  wire();
}

void Connection::wire() {
  mosquitto* client = client_.get();
  mosquitto_user_data_set(client, this);
  mosquitto_connect_v5_callback_set(client, [](mosquitto*, void* object, int code, int flags,
                                               const mosquitto_property*) { self(object).on_connect(code, flags); });
  mosquitto_disconnect_v5_callback_set(
      client, [](mosquitto*, void* object, int code, const mosquitto_property*) { self(object).on_disconnect(code); });
  mosquitto_message_v5_callback_set(
      client, [](mosquitto*, void* object, const mosquitto_message* message, const mosquitto_property* properties) {
        self(object).on_message(*message, properties);
      });
  mosquitto_subscribe_callback_set(client, [](mosquitto*, void* object, int packet_id, int count, const int* granted) {
    self(object).on_subscribe(packet_id, count, granted);
  });
  mosquitto_log_callback_set(
      client, [](mosquitto*, void* object, int level, const char* line) { self(object).on_log(level, line); });
}

short Connection::events() const {
  return batch_.empty() ? mqtt::events_of(client_.get()) : POLLIN;
}

void Connection::read() {
  synced_ = clock_.synced();
  std::uint64_t before = 0;
  do {
    before = events_seen_;
    if (const int code = mosquitto_loop_read(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
    // loop_read takes one packet and does not say whether there was one.
  } while (!batch_.full() && events_seen_ != before);
  update_log_callback();
}

void Connection::write() {
  SLUICE_ASSERT(batch_.empty());
  if (lost() || !mosquitto_want_write(client_.get())) return;
  const bool many = std::exchange(unanswered_, 0) > 1;
  if (many) mqtt::set_cork(client_.get(), true);
  if (const int code = mosquitto_loop_write(client_.get(), 1); code != MOSQ_ERR_SUCCESS) return end(code, errno);
  if (many) mqtt::set_cork(client_.get(), false);
}

void Connection::keep_alive() {
  SLUICE_ASSERT(batch_.empty());
  if (lost()) return;
  if (const int code = mosquitto_loop_misc(client_.get()); code != MOSQ_ERR_SUCCESS) end(code, errno);
}

void Connection::disconnect() {
  SLUICE_ASSERT(batch_.empty());
  if (lost() || mosquitto_disconnect_v5(client_.get(), MQTT_RC_NORMAL_DISCONNECTION, nullptr) != MOSQ_ERR_SUCCESS)
    return;
  // A peer that takes nothing any more is not waited for long: its acknowledgements come again as redeliveries.
  for (int tries = 0; tries < 10 && !lost() && mosquitto_want_write(client_.get()); ++tries) {
    pollfd writable{socket(), POLLOUT, 0};
    poll(&writable, 1, 100);
    write();
  }
}

void Connection::subscribe(std::vector<std::string> wanted, const std::vector<std::string>& unwanted) {
  subscribed_ = false;
  refused_filters_.clear();
  const int retained = options_.ignore_retained ? MQTT_SUB_OPT_SEND_RETAIN_NEVER : MQTT_SUB_OPT_SEND_RETAIN_NEW;
  asked_ = std::move(wanted);
  std::vector<char*> filters = pointers(asked_);
  if (filters.empty()) {
    subscribed_ = true;
    subscribe_packet_id_ = 0;
  } else {
    mosquitto_subscribe_multiple(client_.get(), &subscribe_packet_id_, static_cast<int>(filters.size()), filters.data(),
                                 qos, level_ == 5 ? retained : 0, nullptr);
  }

  // After SUBSCRIBE, so that nothing falls between an old filter and a new one.
  if (unwanted.empty()) return;
  std::vector<char*> former = pointers(unwanted);
  mosquitto_unsubscribe_multiple(client_.get(), nullptr, static_cast<int>(former.size()), former.data(), nullptr);
}

void Connection::give_up(std::string why) {
  if (!lost()) lost_ = std::move(why);
}

void Connection::end(int code, int error_number) {
  if (lost()) return;
  const std::string certificate = tls_ == nullptr ? std::string() : tls_->take_refusal();
  tls_failed_ = !answered_ && (!certificate.empty() || !tls_error_.empty());
  if (!certificate.empty()) return give_up("TLS: " + certificate);
  if (!refusal_.empty()) return give_up(refusal_);
  if (tls_failed_) return give_up(mqtt::tls_words(tls_error_));
  give_up(mqtt::library_words(code, error_number));
}

void Connection::update_log_callback() {
  if (!logs_ || !answered_ || dup_watch_.active()) return;
  mosquitto_log_callback_set(client_.get(), nullptr);
  logs_ = false;
}

void Connection::on_connect(int code, int flags) {
  ++events_seen_;
  answered_ = true;
  const bool session_present = (flags & 1) != 0;
  answer_ = Answer{code, session_present};
  if (code != 0) refusal_ = mqtt::refusal_words(code, level_);
  if (code == 0 && session_present) dup_watch_.begin();
}

void Connection::on_disconnect(int code) {
  // Reason codes of the broker's DISCONNECT begin at 128; below are the library's own errors, which the caller gets.
  if (code >= MQTT_RC_UNSPECIFIED && refusal_.empty()) refusal_ = mqtt::reason_words(code);
}

void Connection::on_message(const mosquitto_message& message, const mqtt5__property* properties) noexcept {
  ++events_seen_;
  Message& to = arrive(batch_, message, properties, options_.message_size_max, clock_.wall_time());
  to.resent = dup_watch_.take(message.qos);
  if (!synced_) to.boot_at = started_at(clock_);
  if (message.qos > 0) ++unanswered_;
}

void Connection::on_subscribe(int packet_id, int count, const int* granted) {
  ++events_seen_;
  if (packet_id != subscribe_packet_id_) return;
  for (int i = 0; i < count && i < static_cast<int>(asked_.size()); ++i) {
    if (granted[i] == qos) continue;
    const std::string& filter = asked_[static_cast<std::size_t>(i)];
    if (!refused_filters_.empty()) refused_filters_ += "; ";
    refused_filters_ += "'" + filter + "': " +
                        (granted[i] == 0   ? "only QoS 0, which can lose messages"
                         : granted[i] == 2 ? "QoS 2, which was not asked for"
                                           : mqtt::reason_words(granted[i]));
  }
  subscribed_ = refused_filters_.empty();
}

void Connection::on_log(int level, const char* line) {
  if (level == MOSQ_LOG_ERR) tls_error_ = line;
  if (dup_watch_.active()) dup_watch_.read_line(line);
}

}  // namespace sluice::local_broker
