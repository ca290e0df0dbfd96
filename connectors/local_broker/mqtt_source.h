#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/mqtt/address.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/tls_options.h"

namespace sluice::transport {
class TlsContext;
}

namespace sluice::local_broker {

struct Options {
  mqtt::Address address;
  std::string client_id;
  std::string username, password;  ///< empty: none
  TlsOptions tls;
  std::vector<std::string> filters;         ///< disjoint; subscribed at QoS 1
  std::vector<std::string> former_filters;  ///< what earlier runs may have subscribed: unsubscribed unless in `filters`
  bool ignore_retained = false;             ///< retained: ignore
  bool keep_session = true;                 ///< false: for who only listens a while; the broker forgets it
  std::uint16_t receive_maximum = 1000;
  std::size_t message_size_max = 1 << 20;
  Duration commit_wait{0};  ///< how long a commit may gather messages
  std::size_t batch_count_max = 2000;
  std::size_t batch_bytes_max = 4 << 20;
  std::chrono::seconds keep_alive{60};  ///< 5 at least (libmosquitto)
  Duration answer_wait{10'000};         ///< how long the broker may take to answer CONNECT
  Duration publish_wait{5'000};         ///< how long the broker may take to acknowledge a command
};

/// What a connection that is made anew is made with, read beforehand: whom to trust and what to show.
struct Line {
  std::shared_ptr<transport::TlsContext> tls;  ///< null: plain TCP
};
/// Reads the files that `options.tls` names. Each client has a line of its own.
Result<Line> line_of(const Options& options);

/// What people and metrics see of the connection. One consistent picture, any thread.
struct State {
  bool connected = false;
  bool subscribed = false;  ///< every SUBACK has come, or the session was resumed
  Timestamp since{};        ///< of `connected`
  std::uint64_t session_lost_total = 0;
  std::string last_error;  ///< in words; empty when connected and every subscription is granted
  std::string protocol;    ///< "5" or "3.1.1"
};

/// The local broker's telemetry, with acknowledgement after commit: reads all that is there, hands it to the Acceptor
/// in one batch, and lets the PUBACKs out only when that has returned. See local_broker/README.md for the rule and the
/// library behaviour it rests on. Never publishes. `run` belongs to one thread; the rest to any.
class MqttSource final : public UplinkSource {
 public:
  MqttSource(Options options, const Clock& clock, Log& log);
  ~MqttSource() override;

  Result<> run(Acceptor& acceptor, std::stop_token stop) override;
  /// Goes on with these options, of which the client id and the bounds of a batch stay as they were. Without a line the
  /// connection stays: what `filters` has more is subscribed and what it has no more is unsubscribed on it. With one it
  /// is closed once everything read is acknowledged, and made anew with the same session. Returns at once.
  void change(Options options, std::optional<Line> line);
  State state() const;
  /// When the loop last came round, for the watchdog.
  Instant last_step() const;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace sluice::local_broker
