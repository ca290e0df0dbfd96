#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/cloud_mqtt/downlink.h"
#include "connectors/cloud_mqtt/topics.h"
#include "connectors/mqtt/address.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/tls_options.h"

namespace sluice::cloud_mqtt {

enum class Format {
  cloudevents,  ///< MQTT 5: binary mode, attributes as user properties; 3.1.1: structured JSON (CloudEvents MQTT
                ///< binding)
  structured,   ///< structured JSON on either version
  data,         ///< the event's data alone, JSON
  original,     ///< the device's own payload, untouched; only for records that carry one
};

enum class Protocol { v5, v3_1_1 };

/// What a client logs in with. Asked for anew before each attempt to connect.
struct Login {
  std::string username, password;     ///< empty: none
  std::optional<Instant> renew_at{};  ///< reconnect with a new one then; nothing: it does not expire
  std::optional<Instant>
      renew_by{};  ///< while somebody waits for an answer on the connection it may be put off so long
};

struct Options {
  std::string name;  ///< of the cloud, for the log
  std::string gateway_id;
  mqtt::Address address;
  Protocol protocol = Protocol::v5;
  std::string client_id;
  std::string username, password;  ///< empty: none
  TlsOptions tls;
  std::string alpn;  ///< empty: none
  std::chrono::seconds keep_alive{60};

  std::shared_ptr<const Topics> topics;
  int qos = 1;  ///< 0: accepted when it has left the socket
  Format format = Format::cloudevents;
  std::size_t pack_bytes_max = 0;  ///< several records in one message, a JSON array up to so many bytes; 0: one each
  std::size_t window = 100;        ///< unacknowledged publishes; the server's receive maximum may be less
  Duration age_max{0};             ///< message expiry with MQTT 5: what is left of it; 0: none
  /// Of topic and payload; larger ones are rejected. The server's maximum packet size may be less.
  std::size_t message_bytes_max = std::size_t{256} << 20;
  Duration connect_wait = std::chrono::seconds(20);      ///< for CONNACK
  Duration acknowledge_wait = std::chrono::seconds(35);  ///< nothing acknowledged for so long is told

  /// For logins that expire. An error is a reason not to connect yet, told as it stands; null: username and password.
  std::function<Result<Login>(const Clock&)> login;

  /// How commands come down; null: none do, and the server keeps no session.
  MakeDownlink downlink;
  std::chrono::seconds session_expiry{3600};           ///< MQTT 5: how long it keeps commands for a client that is away
  Duration answer_wait = std::chrono::seconds(30);     ///< for what shows that an answer has arrived
  Duration subscribe_again = std::chrono::minutes(1);  ///< after a subscription was refused
};

/// A remote MQTT broker that takes events: mqtt:// or mqtts://, MQTT 5 or 3.1.1. One client for each connection, driven
/// by keep() in a thread of its own; nothing is shared with other clouds, so that a name lookup or a handshake that
/// hangs stalls this one alone. deliver() hands its records over and waits for their PUBACKs.
///
/// Order: publishes leave in the order of the records, and after a lost connection begin again with the oldest that was
/// not acknowledged. Durable nowhere: what was not acknowledged is sent again, under the same ids. What the library had
/// queued goes with its client and is never sent by it again.
///
/// Verdicts and reason codes: cloud_mqtt/README.md. Certificates are read anew for each connection, so that renewed
/// ones are taken up without a restart.
///
/// With a downlink it is a source of commands too, over the same connection, and the server keeps a session. A command
/// is acknowledged after the acceptor has returned, and not at all when it could not store it: then the connection ends
/// without a further byte, so that the server delivers it again, or the answer says so where there is a way to. What
/// comes within ten seconds of a resumed session has an age: the time since this client was last there, or a year where
/// nobody knows, after a start of the process. With MQTT 5 the server is told to hand over no packet above 1 MiB (it
/// drops them); with 3.1.1 the bound is MQTT's own, 256 MB. Without a downlink nothing arrives.
class MqttSink final : public UplinkSink, public CommandSource {
 public:
  /// Checks what can be checked without the network and without the files, which may come later.
  static Result<std::unique_ptr<MqttSink>> make(Options options, const Clock& clock, Log& log);
  ~MqttSink() override;

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token stop) override;
  void keep(std::stop_token stop) override;
  std::optional<Link> link() const override;

  bool has_downlink() const;
  void open(CommandAcceptor& acceptor) override;
  /// Waits for the server's acknowledgement, at most answer_wait; deferred at once where there is no connection.
  /// Without a downlink every answer is rejected.
  Verdict answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token stop) override;

 private:
  struct State;
  explicit MqttSink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::cloud_mqtt
