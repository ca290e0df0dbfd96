#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/cloud_mqtt/downlink.h"
#include "connectors/cloud_mqtt/packing.h"
#include "connectors/mqtt/client.h"
#include "connectors/transport/redaction.h"

struct mqtt5__property;
struct mosquitto_message;

namespace sluice::cloud_mqtt {

/// What the server allows (CONNACK, MQTT 5 section 3.2.2.3).
struct ServerLimits {
  std::size_t receive_maximum = 65'535;        ///< unacknowledged publishes
  std::size_t packet_bytes_max = 268'435'455;  ///< a whole PUBLISH
  int qos_max = 2;
};

/// One connection to the cloud's broker, from CONNECT to its end. What it has not been told as acknowledged when it
/// ends has to be published again by another one: the client goes with it, and its queue. One thread.
///
/// The library queues the PUBACK of what arrives before it hands it on. With a client that writes deferred nothing
/// leaves before the listener has returned, and after a give_up nothing at all: what arrived then comes again.
class UplinkConnection {
 public:
  /// `client` has been connected by a Dial; CONNECT leaves with the first write. What the server repeats of `secrets`
  /// in its words is blotted out.
  UplinkConnection(mqtt::ClientPtr client, int level, mqtt::Tls tls, transport::Redaction secrets);
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
  /// The server knew this client's session.
  bool session_present() const { return session_present_; }

  /// Who is called for each message that arrives, in the middle of turn().
  void listen(std::function<void(Arrival&)> listener) { listener_ = std::move(listener); }
  /// Queues a SUBSCRIBE: never the client's own messages, nor retained ones (as far as the version of MQTT can say so).
  /// Its packet id; an error of kind invalid if MQTT cannot carry the filter.
  Result<int> subscribe(const std::string& filter, int qos);
  struct Grant {
    int packet_id = 0;
    int code = 0;  ///< the QoS granted; 128 and above: refused, and why
  };
  std::vector<Grant>& grants() { return grants_; }

  /// How many bytes the whole packet would be larger than the server takes; 0: it fits.
  std::size_t excess(const Packing& packing, int qos) const;
  /// Queues one message for sending. Its packet id; an error of kind invalid if MQTT or the server cannot take it.
  Result<int> publish(const Packing& packing, int qos);
  /// Likewise, marked as this gateway's.
  Result<int> publish(const Outgoing& outgoing, const std::string& gateway_id);
  /// Between these, packets gather in the socket. Ending sends them.
  void begin_many() { mqtt::set_cork(client_.get(), true); }
  void end_many();

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
  void wire_arrivals();
  void flush();
  Result<int> publish(const std::string& topic, std::string_view payload, int qos,
                      const mqtt::PropertyList& properties);
  void end(int code, int error_number);
  std::string reason_string(const mqtt5__property* properties) const;
  std::string with_reason(std::string words, const mqtt5__property* properties) const;
  void on_connect(int code, int flags, const mqtt5__property* properties);
  void on_message(const mosquitto_message& message, const mqtt5__property* properties);
  void on_disconnect(int code, const mqtt5__property* properties);

  mqtt::ClientPtr client_;
  const int level_;
  const mqtt::Tls tls_;
  const transport::Redaction secrets_;
  std::optional<Greeting> greeting_;
  ServerLimits limits_;
  bool greeted_ = false;
  bool session_present_ = false;
  std::function<void(Arrival&)> listener_;
  std::vector<Grant> grants_;
  std::uint64_t arrivals_seen_ = 0;
  std::uint64_t events_seen_ = 0;  ///< callbacks: whether a read brought anything
  std::vector<Acknowledgement> acknowledgements_;
  std::string refusal_;    ///< why the server said no, before it closes
  std::string tls_error_;  ///< the library's last line about an error
  std::string lost_;
  bool tls_failed_ = false;
  int farewell_ = 0;
};

}  // namespace sluice::cloud_mqtt
