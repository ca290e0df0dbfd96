#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mosquitto.h>

#include "connectors/local_broker/batch.h"
#include "connectors/local_broker/dup_watch.h"
#include "connectors/local_broker/mqtt_source.h"
#include "connectors/mqtt/client.h"

namespace sluice::local_broker {

/// One connection to the broker, from CONNECT to its end. Keeps the rule that makes an acknowledgement mean
/// "committed": libmosquitto queues a PUBACK as it delivers the message, and everything queued leaves with the next
/// loop_write or disconnect. Each of these stands in one place here, and asserts that the batch is empty, that is,
/// committed. Destroying a Connection writes nothing: what was not acknowledged the broker delivers again. One thread.
class Connection {
 public:
  /// `client` has been connected by a Dial, speaks `level`, and has everything it is to send still queued. `batch` is
  /// where messages go; the owner clears it after a commit.
  Connection(mqtt::ClientPtr client, int level, const Options& options, const Clock& clock, mqtt::Tls tls,
             Batch& batch);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The socket, and what to poll(2) it for: never for writing while something is uncommitted.
  int socket() const { return mosquitto_socket(client_.get()); }
  short events() const;
  /// Whether something has come that poll(2) does not see, because TLS took the whole record from the socket.
  bool pending() const { return mqtt::pending(client_.get()); }

  /// Takes what is there into the batch, until it is full or nothing more has come.
  void read();
  /// Sends what is queued. Nothing may be uncommitted.
  void write();
  /// Queues a PINGREQ when one is due, and ends the connection when the broker has been silent. Nothing may be
  /// uncommitted.
  void keep_alive();
  /// Says goodbye; the broker keeps the session. Nothing may be uncommitted.
  void disconnect();

  /// Subscribes to `wanted`, and unsubscribes `unwanted`; `subscribed` once the broker has answered.
  void subscribe(std::vector<std::string> wanted, const std::vector<std::string>& unwanted);
  /// For a resumed session that holds the subscriptions already.
  void resume() { subscribed_ = true; }

  struct Answer {
    int code = 0;  ///< 0: accepted
    bool session_present = false;
  };
  /// The broker's answer to CONNECT, once.
  std::optional<Answer> take_answer() { return std::exchange(answer_, std::nullopt); }
  bool answered() const { return answered_; }
  bool subscribed() const { return subscribed_; }
  /// The filters the broker did not grant, with its reason; empty if there are none.
  const std::string& refused_filters() const { return refused_filters_; }

  /// Ends it from this side, without writing.
  void give_up(std::string why);
  bool lost() const { return !lost_.empty(); }
  const std::string& why_lost() const { return lost_; }
  /// Whether it was TLS that failed, so that the broker never saw CONNECT.
  bool tls_failed() const { return tls_failed_; }

 private:
  void wire();
  void end(int code, int error_number);
  void update_log_callback();

  void on_connect(int code, int flags);
  void on_disconnect(int code);
  void on_message(const mosquitto_message& message, const mqtt5__property* properties) noexcept;
  void on_subscribe(int packet_id, int count, const int* granted);
  void on_log(int level, const char* line);

  mqtt::ClientPtr client_;
  const int level_;
  const Options& options_;
  const Clock& clock_;
  const mqtt::Tls tls_;
  Batch& batch_;
  DupWatch dup_watch_;
  bool synced_ = true;  ///< the clock, when the last read began: asking the kernel for each message would cost
  bool logs_ = true;    ///< whether the log callback is set: it costs an allocation a line

  std::optional<Answer> answer_;
  bool answered_ = false;
  bool subscribed_ = false;
  std::string refused_filters_;
  std::vector<std::string> asked_;
  int subscribe_packet_id_ = 0;
  std::uint64_t events_seen_ = 0;  ///< callbacks: whether a read brought anything

  std::size_t unanswered_ = 0;  ///< acknowledgements queued since the last write

  std::string refusal_;    ///< why the broker said no, before it closes
  std::string tls_error_;  ///< the last line about OpenSSL
  std::string lost_;
  bool tls_failed_ = false;
};

}  // namespace sluice::local_broker
