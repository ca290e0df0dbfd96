#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/cloud_mqtt/packing.h"
#include "connectors/mqtt/client.h"

struct mqtt5__property;

namespace sluice::cloud_mqtt {

/// What the server allows (CONNACK, MQTT 5 section 3.2.2.3).
struct ServerLimits {
  std::size_t receive_maximum = 65'535;        ///< unacknowledged publishes
  std::size_t packet_bytes_max = 268'435'455;  ///< a whole PUBLISH
  int qos_max = 2;
};

/// One connection to the cloud's broker, from CONNECT to its end. What it has not been told as acknowledged when it
/// ends has to be published again by another one: the client goes with it, and its queue. One thread.
class UplinkConnection {
 public:
  /// `client` has been connected by a Dial; CONNECT leaves with the first write.
  UplinkConnection(mqtt::ClientPtr client, int level, mqtt::Tls tls);
  UplinkConnection(const UplinkConnection&) = delete;
  UplinkConnection& operator=(const UplinkConnection&) = delete;

  int socket() const;
  short events() const { return mqtt::events_of(client_.get()); }
  bool pending() const { return mqtt::pending(client_.get()); }

  /// Takes what has come, sends what waits, pings when that is due.
  void turn();
  /// Says goodbye and sends what is queued, as far as that goes without waiting long.
  void disconnect();

  struct Greeting {
    int code = 0;         ///< 0: accepted; else as in CONNACK
    std::string refusal;  ///< in words, then
    ServerLimits limits;
  };
  /// The server's answer to CONNECT, once.
  std::optional<Greeting> take_greeting() { return std::exchange(greeting_, std::nullopt); }
  bool greeted() const { return greeted_; }

  /// Queues one message for sending. Its packet id; an error of kind invalid if MQTT or the server cannot take it.
  Result<int> publish(const Packing& packing, const Record& first, int qos);
  /// Between these, packets gather in the socket. Ending sends them.
  void begin_many() { mqtt::set_cork(client_.get(), true); }
  void end_many() { mqtt::set_cork(client_.get(), false); }

  struct Acknowledgement {
    int packet_id = 0;
    int reason = 0;          ///< MQTT 5 section 3.4.2.1; 0 with 3.1.1
    std::string words = {};  ///< the server's reason string, if it gave one
  };
  /// What has been acknowledged since the last call; with QoS 0, what has left the process.
  std::vector<Acknowledgement>& acknowledgements() { return acknowledgements_; }

  bool lost() const { return !lost_.empty(); }
  const std::string& why_lost() const { return lost_; }
  /// Whether it was TLS that failed, so that the server never saw CONNECT.
  bool tls_failed() const { return tls_failed_; }
  /// The reason code of the server's DISCONNECT; 0 if there was none (MQTT 5 section 3.14.2.1).
  int farewell() const { return farewell_; }
  /// Ends it from this side.
  void give_up(std::string why);

 private:
  void wire();
  void end(int code, int error_number);
  void on_connect(int code, const mqtt5__property* properties);
  void on_disconnect(int code, const mqtt5__property* properties);

  mqtt::ClientPtr client_;
  const int level_;
  const mqtt::Tls tls_;
  std::optional<Greeting> greeting_;
  bool greeted_ = false;
  std::uint64_t events_seen_ = 0;  ///< callbacks: whether a read brought anything
  std::vector<Acknowledgement> acknowledgements_;
  std::string refusal_;    ///< why the server said no, before it closes
  std::string tls_error_;  ///< the library's last line about an error
  std::string lost_;
  bool tls_failed_ = false;
  int farewell_ = 0;
};

}  // namespace sluice::cloud_mqtt
