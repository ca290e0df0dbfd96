#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/local_broker/mqtt_source.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"

namespace sluice::local_broker {

/// The client that commands go out through, and that hears their replies: another one than the telemetry's, with a
/// client id of its own, because it must forget where that one must not. It starts clean at each connection with a new
/// client of libmosquitto, and destroys it without writing when the connection ends or a publish is not acknowledged in
/// time: no PUBLISH leaves twice. None is retained, none has DUP set, and with MQTT 5 each has its message expiry (MQTT
/// 5 section 3.3.2.3.3) and the gateway's mark; 3.1.1 has neither. See local_broker/README.md.
///
/// `run` belongs to one thread, which calls the listener; `publish` to another one; the rest to any.
class MqttCommandSink final : public CommandSink {
 public:
  /// `options`: with the client id of this client; of the rest it uses what concerns a connection, `message_size_max`,
  /// `answer_wait` and `publish_wait`. `filters`: disjoint; subscribed at QoS 1, and what the broker keeps for them is
  /// heard at each connection. A broker that grants only QoS 0 grants them. None: it is ready once it is connected.
  MqttCommandSink(Options options, std::vector<std::string> filters, const Clock& clock, Log& log);
  ~MqttCommandSink() override;

  /// Connects again by itself, after 5 s at most. A refused filter is asked for again each minute. Returns before a
  /// stop only where the options can never work (a certificate that cannot be read, a client id MQTT does not allow),
  /// which it logs.
  void run(CommandListener& listener, std::stop_token stop) override;

  /// Goes on with these options and filters; the client id stays as it was. Without a line the connection stays, new
  /// filters are subscribed on it, and what is no longer wanted is heard until it ends. With one it is made anew, not
  /// before a publish that is on its way has ended; replies that come meanwhile are not heard. Returns at once.
  void change(Options options, std::vector<std::string> filters, std::optional<Line> line);

  bool ready() const override;

  /// Blocks for `publish_wait` at most. `not_sent`: not ready, not begun before it expired or a stop, or refused by
  /// MQTT or the broker (a PUBACK of 0x80 and above), which is logged. That nobody subscribes to the topic (0x10) is
  /// `acknowledged`.
  Sent publish(const CommandPublish& publish, std::stop_token stop) override;

  /// As people see it: `subscribed` is ready().
  State state() const;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace sluice::local_broker
