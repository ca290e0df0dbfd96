#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mosquitto.h>

#include "connectors/local_broker/batch.h"
#include "connectors/local_broker/mqtt_source.h"
#include "connectors/mqtt/publish_packet.h"
#include "gateway/core/command.h"

namespace sluice::local_broker {

/// One connection of the client that commands go out through, from CONNECT to its end. libmosquitto sends what is not
/// acknowledged again when a client reconnects, even with a clean start: so a client has one connection only, and
/// destroying this writes nothing. One publish at a time. One thread.
class CommandConnection {
 public:
  /// `client` has been connected by a Dial, speaks `level`, and has everything it is to send still queued. `batch` is
  /// where messages go.
  CommandConnection(mqtt::ClientPtr client, int level, const Options& options, const Clock& clock, mqtt::Tls tls,
                    Batch& batch);
  CommandConnection(const CommandConnection&) = delete;
  CommandConnection& operator=(const CommandConnection&) = delete;

  int socket() const { return mosquitto_socket(client_.get()); }
  short events() const { return mqtt::events_of(client_.get()); }
  /// Whether something has come that poll(2) does not see, because TLS took the whole record from the socket.
  bool pending() const { return mqtt::pending(client_.get()); }

  /// Takes what is there, until the batch is full or nothing more has come.
  void read();
  /// Sends what is queued; pings when that is due, and ends the connection when the broker has been silent.
  void write();
  /// Says goodbye; without a word where a publish is unacknowledged.
  void disconnect();

  /// The broker's answer to CONNECT, once; 0: accepted.
  std::optional<int> take_answer() { return std::exchange(answer_, std::nullopt); }
  bool answered() const { return answered_; }

  /// At QoS 1, with what the broker keeps for the filters. RETAIN is set on just that: "retain as published" stays off,
  /// since with it a live message may have RETAIN set too (MQTT 5 section 3.8.3.1).
  void subscribe(std::vector<std::string> filters);
  /// Whether the broker has answered the last subscribe().
  bool subscribe_answered() const { return subscribe_answered_; }
  struct Refused {
    std::vector<std::string> filters;
    std::string words;  ///< them, each with the broker's reason
  };
  /// What it did not grant of that.
  const Refused& refused() const { return refused_; }

  /// Queues it for sending, with the message expiry and the gateway's mark where the protocol has them. An error of
  /// kind invalid: MQTT or the broker cannot take it, and it will never leave. Else it may leave, even where this ends
  /// the connection.
  Result<> publish(const CommandPublish& publish);
  /// The reason code of its PUBACK, once (MQTT 5 section 3.4.2.1; 0 with 3.1.1); with QoS 0, when it has been written.
  std::optional<int> take_acknowledgement() { return std::exchange(acknowledgement_, std::nullopt); }

  /// Ends it from this side, without writing.
  void give_up(std::string why);
  bool lost() const { return !lost_.empty(); }
  const std::string& why_lost() const { return lost_; }
  /// Whether it was TLS that failed, so that the broker never saw CONNECT.
  bool tls_failed() const { return tls_failed_; }

 private:
  void wire();
  void end(int code, int error_number);
  mqtt::PropertyList publish_properties(const CommandPublish& publish) const;

  void on_connect(int code, const mqtt5__property* properties);
  void on_disconnect(int code);
  void on_message(const mosquitto_message& message, const mqtt5__property* properties) noexcept;
  void on_subscribe(int packet_id, int count, const int* granted);
  void on_publish(int packet_id, int reason);

  mqtt::ClientPtr client_;
  const int level_;
  const Options& options_;
  const Clock& clock_;
  const mqtt::Tls tls_;
  Batch& batch_;

  std::optional<int> answer_;
  bool answered_ = false;
  std::uint64_t events_seen_ = 0;  ///< callbacks: whether a read brought anything

  std::vector<std::string> asked_;
  int subscribe_packet_id_ = 0;
  bool subscribe_answered_ = false;
  Refused refused_;

  std::uint32_t packet_bytes_max_ = 268'435'455;  ///< what the broker takes (MQTT 5 section 3.2.2.3.6)
  bool unacknowledged_ = false;
  int publish_packet_id_ = 0;
  std::optional<int> acknowledgement_;

  std::string refusal_;    ///< why the broker said no, before it closes
  std::string tls_error_;  ///< the last line about OpenSSL
  std::string lost_;
  bool tls_failed_ = false;
};

}  // namespace sluice::local_broker
