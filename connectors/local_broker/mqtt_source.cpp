#include "connectors/local_broker/mqtt_source.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <utility>

#include <mosquitto.h>
#include <poll.h>

#include "connectors/local_broker/connecting.h"
#include "connectors/local_broker/connection.h"
#include "connectors/local_broker/pending_change.h"
#include "connectors/local_broker/protocol_choice.h"
#include "connectors/local_broker/status.h"
#include "connectors/mqtt/back_off.h"
#include "connectors/mqtt/dial.h"
#include "connectors/mqtt/wake.h"
#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

constexpr Duration rest_max(1000);         // the longest sleep of the loop: keep alive and watchdog count in seconds
constexpr Duration lived_well(5000);       // a connection that held so long is no reason to back off
constexpr Duration refused_retry(60'000);  // an access list may be mended
constexpr Duration reconnect_max(30'000);
constexpr Duration ready_max(5000);

constexpr pollfd nothing{-1, 0, 0};

std::vector<std::string> beyond(const std::vector<std::string>& filters, const std::vector<std::string>& these) {
  std::vector<std::string> rest;
  for (const std::string& filter : filters)
    if (std::ranges::find(these, filter) == these.end()) rest.push_back(filter);
  return rest;
}

}  // namespace

struct MqttSource::Loop {
  Loop(Options chosen, const Clock& the_clock, Log& log)
      : options(std::move(chosen)),
        clock(the_clock),
        status(options, clock, log, "local broker"),
        batch(options.batch_count_max, options.batch_bytes_max) {}

  enum class End { stopped, lost, not_committed, changed };

  Result<> run(Acceptor& acceptor, const std::stop_token& stop);
  mqtt::ClientPtr dial(mqtt::ClientPtr client, const mqtt::ClientOptions& chosen, const std::stop_token& stop);
  End serve(mqtt::ClientPtr client, int level, Acceptor& acceptor, const std::stop_token& stop);
  End round_trips(Connection& connection, int level, Acceptor& acceptor, const std::stop_token& stop);
  void ended(const Connection& connection, int level);

  void take(PendingChange::Change change);
  bool change_over(Connection& connection);
  void resubscribe(Connection& connection, bool whole, const std::vector<std::string>& before);
  void subscribe(Connection& connection) const;

  void wait(const Connection& connection);
  Result<> greet(Connection& connection, int level, Acceptor& acceptor);
  void look_after(Connection& connection);
  bool commit_due(const Connection& connection, bool stopping);
  Result<> commit(Acceptor& acceptor);

  void wait_until_ready(Acceptor& acceptor, const std::stop_token& stop);
  void rest(Duration time, const std::stop_token& stop);
  void poll_until_woken(pollfd other, Duration most);
  void touch() { last_step = clock.now(); }
  Session session() const { return options.keep_session ? Session::lasting : Session::none; }

  Options options;  ///< the loop's alone once that runs
  const Clock& clock;
  Status status;
  Batch batch;
  std::atomic<Instant> last_step{Instant{}};
  std::shared_ptr<mqtt::Wake> wake = std::make_shared<mqtt::Wake>();
  PendingChange pending;
  Line line;
  ProtocolChoice protocol;
  mqtt::BackOff back_off{reconnect_max};

  std::optional<Instant> gathering_since;  ///< of the oldest uncommitted message
  std::optional<Instant> subscribe_again_at;
  Instant connected_at{};
  int short_lives = 0;  ///< connections in a row that were granted everything and cut soon after
  bool connected_before = false;
  bool session_subscribed = false;  ///< every filter was granted in this session, by this process
  bool session_untold = false;      ///< the session is new, and the acceptor could not take note of that
};

Result<> MqttSource::Loop::run(Acceptor& acceptor, const std::stop_token& stop) {
  Result<Line> made = line_of(options);
  if (!made) return made.error();
  line = std::move(*made);
  const std::stop_callback waker(stop, [this] { wake->call(); });
  while (!stop.stop_requested()) {
    if (std::optional<PendingChange::Change> change = pending.take()) take(std::move(*change));
    const int level = protocol.level(clock.now());
    const mqtt::ClientOptions chosen = client_options(options, level, session());
    Result<mqtt::ClientPtr> client = make_client(chosen, line.tls);
    if (!client) return config_error("local_broker." + client.error().message);
    if (mqtt::ClientPtr reached = dial(std::move(*client), chosen, stop)) {
      connected_at = clock.now();
      const End end = serve(std::move(reached), level, acceptor, stop);
      if (end == End::stopped) break;
      if (clock.now() - connected_at > lived_well) back_off.reset();
      if (end == End::not_committed) wait_until_ready(acceptor, stop);
    }
    rest(back_off.next(), stop);
  }
  status.stopped();
  return {};
}

mqtt::ClientPtr MqttSource::Loop::dial(mqtt::ClientPtr client, const mqtt::ClientOptions& chosen,
                                       const std::stop_token& stop) {
  mqtt::Dial attempt(std::move(client), connect_properties(options, chosen.level, session()), chosen, line.tls, wake);
  while (!stop.stop_requested() && !pending.waits()) {
    touch();
    if (std::optional<mqtt::Dial::Outcome> outcome = attempt.outcome()) {
      if (!outcome->client) status.down(outcome->error);
      return std::move(outcome->client);
    }
    poll_until_woken(nothing, rest_max);
  }
  return nullptr;
}

MqttSource::Loop::End MqttSource::Loop::serve(mqtt::ClientPtr client, int level, Acceptor& acceptor,
                                              const std::stop_token& stop) {
  End end = End::lost;
  {
    Connection connection(std::move(client), level, options, clock, line.tls, batch);
    subscribe_again_at.reset();
    end = round_trips(connection, level, acceptor, stop);
    if (end == End::lost) ended(connection, level);
  }
  // Not before the connection is gone: as long as the batch holds something, it refuses to write.
  batch.clear();
  gathering_since.reset();
  return end;
}

MqttSource::Loop::End MqttSource::Loop::round_trips(Connection& connection, int level, Acceptor& acceptor,
                                                    const std::stop_token& stop) {
  while (!connection.lost()) {
    touch();
    wait(connection);
    const bool stopping = stop.stop_requested();
    if (!stopping) connection.read();
    Result<> stored = greet(connection, level, acceptor);
    if (stored && commit_due(connection, stopping)) stored = commit(acceptor);
    if (!stored) {
      status.down(stored.error().message);
      return End::not_committed;
    }
    if (!batch.empty()) continue;
    if (stopping) {
      if (connection.answered()) connection.disconnect();
      return End::stopped;
    }
    connection.write();
    if (change_over(connection)) return End::changed;
    look_after(connection);
    connection.keep_alive();
  }
  return End::lost;
}

void MqttSource::Loop::take(PendingChange::Change change) {
  session_subscribed = session_subscribed && change.options.filters == options.filters;
  change.options.client_id = options.client_id;
  options = std::move(change.options);
  if (!change.line) return;
  line = std::move(*change.line);
  protocol = {};
  back_off.reset();
}

/// Takes up a change on the living connection, on which everything read is acknowledged; true: it has to be made anew.
bool MqttSource::Loop::change_over(Connection& connection) {
  if (!pending.waits() || connection.lost()) return false;
  std::optional<PendingChange::Change> change = pending.take_for_living();
  if (!change) {
    if (connection.answered()) connection.disconnect();
    status.down("its settings have changed");
    return true;
  }
  const bool whole = session_subscribed;
  const std::vector<std::string> before = options.filters;
  take(std::move(*change));
  if (connection.answered() && options.filters != before) resubscribe(connection, whole, before);
  return false;
}

/// `whole`: the session holds just what was wanted `before`.
void MqttSource::Loop::resubscribe(Connection& connection, bool whole, const std::vector<std::string>& before) {
  status.subscribing();
  subscribe_again_at.reset();
  if (whole)
    connection.subscribe(beyond(options.filters, before), beyond(before, options.filters));
  else
    subscribe(connection);
}

/// Anew, whatever the session holds.
void MqttSource::Loop::subscribe(Connection& connection) const {
  connection.subscribe(options.filters, beyond(options.former_filters, options.filters));
}

void MqttSource::Loop::ended(const Connection& connection, int level) {
  if (!connection.answered() && !connection.tls_failed()) protocol.cut_unanswered(level, clock.now());
  const bool short_lived = connection.subscribed() && clock.now() - connected_at < lived_well;
  short_lives = short_lived ? short_lives + 1 : 0;
  // mosquitto closes without a reason when another client takes the session over.
  const bool fought_over = short_lives >= 3;
  status.down(connection.why_lost() +
              (fought_over ? "; does another client use the client id '" + options.client_id + "'?" : ""));
}

void MqttSource::Loop::wait(const Connection& connection) {
  Duration most = rest_max;
  if (gathering_since)
    most = std::min(most, std::chrono::ceil<Duration>(*gathering_since + options.commit_wait - clock.now()));
  if (connection.pending()) most = Duration(0);
  poll_until_woken({connection.socket(), connection.events(), 0}, most);
}

Result<> MqttSource::Loop::greet(Connection& connection, int level, Acceptor& acceptor) {
  const std::optional<Connection::Answer> answer = connection.take_answer();
  if (!answer) return {};
  if (answer->code != 0) {
    if (says_unsupported(answer->code)) protocol.refused(level, clock.now());
    return {};
  }
  protocol.accepted();
  status.connected(level, answer->session_present ? "session resumed" : "new session");
  if (!answer->session_present) {
    session_subscribed = false;
    session_untold = true;
    if (connected_before) status.session_lost();
  }
  connected_before = true;
  if (session_untold)
    if (auto told = acceptor.session_lost(); !told) return told;
  session_untold = false;
  if (session_subscribed) {
    connection.resume();
  } else {
    subscribe(connection);
  }
  return {};
}

void MqttSource::Loop::look_after(Connection& connection) {
  const Instant now = clock.now();
  if (!connection.answered() && now > connected_at + options.answer_wait)
    return connection.give_up("no answer to CONNECT; is this a broker, and " +
                              std::string(options.address.tls ? "its port one for TLS?" : "its port one without TLS?"));
  if (connection.subscribed()) {
    session_subscribed = true;
    status.subscribed();
  } else if (!connection.refused_filters().empty()) {
    status.refused(connection.refused_filters());
    if (!subscribe_again_at) subscribe_again_at = now + refused_retry;
    if (now < *subscribe_again_at) return;
    subscribe_again_at.reset();
    subscribe(connection);
  }
}

bool MqttSource::Loop::commit_due(const Connection& connection, bool stopping) {
  if (batch.empty()) return false;
  if (options.commit_wait == Duration(0) || batch.full() || connection.lost() || stopping) return true;
  if (!gathering_since) gathering_since = clock.now();
  return clock.now() - *gathering_since >= options.commit_wait;
}

Result<> MqttSource::Loop::commit(Acceptor& acceptor) {
  Result<> committed = acceptor.accept(batch.messages());
  if (!committed) return committed;
  batch.clear();
  gathering_since.reset();
  return committed;
}

void MqttSource::Loop::wait_until_ready(Acceptor& acceptor, const std::stop_token& stop) {
  mqtt::BackOff pause(ready_max);
  while (!stop.stop_requested()) {
    touch();
    const Result<> ready = acceptor.ready();
    if (ready) return;
    status.down(ready.error().message);
    rest(pause.next(), stop);
  }
}

void MqttSource::Loop::rest(Duration time, const std::stop_token& stop) {
  const Instant end = clock.now() + time;
  while (!stop.stop_requested() && !pending.waits()) {
    touch();
    const Duration left = std::chrono::ceil<Duration>(end - clock.now());
    if (left <= Duration(0)) return;
    poll_until_woken(nothing, std::min(left, rest_max));
  }
}

void MqttSource::Loop::poll_until_woken(pollfd other, Duration most) {
  std::array<pollfd, 2> all{{{wake->descriptor(), POLLIN, 0}, other}};
  poll(all.data(), all.size(), static_cast<int>(std::max(most, Duration(0)).count()));
  if (all[0].revents != 0) wake->clear();
}

MqttSource::MqttSource(Options options, const Clock& clock, Log& log)
    : loop_(std::make_unique<Loop>(std::move(options), clock, log)) {}

MqttSource::~MqttSource() = default;

Result<> MqttSource::run(Acceptor& acceptor, std::stop_token stop) {
  return loop_->run(acceptor, stop);
}

void MqttSource::change(Options options, std::optional<Line> line) {
  loop_->pending.put({std::move(options), std::move(line)});
  loop_->wake->call();
}

State MqttSource::state() const {
  return loop_->status.state();
}

Instant MqttSource::last_step() const {
  return loop_->last_step;
}

}  // namespace sluice::local_broker
