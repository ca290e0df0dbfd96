#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/command.h"
#include "gateway/core/verdict.h"

namespace sluice::cloud_mqtt {

struct Subscription {
  std::string filter;
  int qos = 1;
};

/// What has come on one of the subscriptions. The views live as long as the call that brings them.
struct Arrival {
  std::string_view topic, payload;
  int qos = 0;
  bool retained = false;
  Duration age{0};  ///< how long it may have lain at the broker while this client was away
  // What MQTT 5 says beside it (section 3.3.2.3).
  std::string response_topic{};  ///< empty: none
  std::string correlation{};     ///< any bytes
  std::optional<Duration> expires_in{};
};

/// What is published because of commands. Never retained.
struct Outgoing {
  std::string topic, payload;
  int qos = 1;
  std::string correlation{};    ///< MQTT 5, any bytes; empty: none
  std::string content_type{};   ///< MQTT 5; empty: none
  bool awaits_arrival = false;  ///< it is an Arrival that says what became of it, and no PUBACK
};

/// The bound of a text that is handed on: one byte more than a command may have shows that it is too large.
std::string command_text(std::string_view payload);

/// How commands come down from one cloud, and how answers go up: topics and texts, and nothing that moves a byte. One
/// for each MqttSink, in the thread that keeps its connection; it may remember what it likes from call to call.
class Downlink {
 public:
  virtual ~Downlink() = default;

  virtual std::vector<Subscription> subscriptions() const = 0;
  /// Whether the cloud keeps commands for a client whose session it has forgotten.
  virtual bool keeps_without_session() const { return false; }

  /// A new connection has been made: what belonged to the last one is over.
  virtual void connected() {}

  struct Heard {
    std::optional<CommandMessage> command{};
    std::optional<Verdict> told{};  ///< of the Outgoing that awaits an arrival
    std::string remark{};           ///< for the log: what was not taken, and why
  };
  virtual Heard hear(const Arrival& arrival) = 0;

  /// The command just heard is durable, and this is what is known of it.
  virtual void accepted(const CommandMessage&, std::span<const CommandAnswer>) {}
  /// It is not: what tells the cloud so. Nothing: it cannot be told, and is to come again by a new connection.
  virtual std::optional<Outgoing> refuse(const CommandMessage& message, const CommandAnswer& answer) = 0;

  /// What tells an answer; or a Verdict at once, where nobody waits for it any more.
  virtual std::variant<Outgoing, Verdict> tell(const std::string& reply_to, const CommandAnswer& answer) = 0;

  /// What is to be published by itself now. Asked again and again while everything is subscribed, at least each second.
  virtual std::vector<Outgoing> due() { return {}; }
  /// Somebody waits for an answer on this very connection.
  virtual bool busy() const { return false; }
};

using MakeDownlink = std::function<std::unique_ptr<Downlink>(const Clock&)>;

}  // namespace sluice::cloud_mqtt
