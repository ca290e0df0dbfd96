#include "connectors/local_broker/command_sink.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/local_broker/command_connection.h"
#include "connectors/local_broker/command_handover.h"
#include "connectors/local_broker/connecting.h"
#include "connectors/local_broker/pending_change.h"
#include "connectors/local_broker/protocol_choice.h"
#include "connectors/local_broker/status.h"
#include "connectors/mqtt/back_off.h"
#include "connectors/mqtt/dial.h"
#include "connectors/mqtt/wake.h"
#include "connectors/mqtt/words.h"

namespace sluice::local_broker {
namespace {

constexpr const char* component = "commands";
constexpr Duration rest_max(1000);         // the longest sleep of the loop: keep alive counts in seconds
constexpr Duration lived_well(5000);       // a connection that held so long is no reason to back off
constexpr Duration refused_retry(60'000);  // an access list may be mended
constexpr Duration reconnect_max(5000);    // commands are wanted soon

constexpr pollfd nothing{-1, 0, 0};

Options with_filters(Options options, std::vector<std::string> filters) {
  options.filters = std::move(filters);
  options.former_filters.clear();
  return options;
}

}  // namespace

struct MqttCommandSink::Loop {
  Loop(Options chosen, const Clock& the_clock, Log& the_log)
      : options(std::move(chosen)),
        publish_wait(options.publish_wait),
        clock(the_clock),
        log(the_log),
        status(options, clock, log, component),
        handover(wake, clock),
        batch(options.batch_count_max, options.batch_bytes_max) {}

  void run(CommandListener& listener, const std::stop_token& stop);
  mqtt::ClientPtr dial(mqtt::ClientPtr client, const mqtt::ClientOptions& chosen, const std::stop_token& stop);
  void serve(mqtt::ClientPtr client, int level, CommandListener& listener, const std::stop_token& stop);
  void round_trips(CommandConnection& connection, int level, CommandListener& listener, const std::stop_token& stop);

  void take(PendingChange::Change change);
  bool change_over(CommandConnection& connection);
  void subscribe(CommandConnection& connection);

  void wait(const CommandConnection& connection);
  void greet(CommandConnection& connection, int level);
  void hand_on(CommandListener& listener);
  void publish_next(CommandConnection& connection);
  void settle(CommandConnection& connection);
  void look_after(CommandConnection& connection);
  void look_after_filters(CommandConnection& connection);
  void tell_readiness(CommandListener& listener);

  void rest(Duration time, const std::stop_token& stop);
  void poll_until_woken(pollfd other, Duration most);

  Options options;  ///< the loop's alone once that runs
  const Duration publish_wait;
  const Clock& clock;
  Log& log;
  Status status;
  const std::shared_ptr<mqtt::Wake> wake = std::make_shared<mqtt::Wake>();
  CommandHandover handover;
  Batch batch;
  PendingChange pending;
  Line line;
  ProtocolChoice protocol;
  mqtt::BackOff back_off{reconnect_max};

  std::vector<std::string> asked;  ///< for these filters, on this connection
  Instant asked_at{};              ///< CONNECT or SUBSCRIBE, whichever was the last
  std::optional<Instant> subscribe_again_at;
  bool told_ready = false;
  std::string topic;  ///< of the last publish
};

void MqttCommandSink::Loop::run(CommandListener& listener, const std::stop_token& stop) {
  Result<Line> made = line_of(options);
  if (!made) return log.error(component, made.error().message);
  line = std::move(*made);
  const std::stop_callback waker(stop, [this] { wake->call(); });
  while (!stop.stop_requested()) {
    if (std::optional<PendingChange::Change> change = pending.take()) take(std::move(*change));
    const int level = protocol.level(clock.now());
    const mqtt::ClientOptions chosen = client_options(options, level, Session::none);
    Result<mqtt::ClientPtr> client = make_client(chosen, line.tls);
    if (!client) return log.error(component, "local_broker." + client.error().message);
    if (mqtt::ClientPtr reached = dial(std::move(*client), chosen, stop)) {
      const Instant connected_at = clock.now();
      serve(std::move(reached), level, listener, stop);
      if (clock.now() - connected_at > lived_well) back_off.reset();
    }
    rest(back_off.next(), stop);
  }
  status.stopped();
}

mqtt::ClientPtr MqttCommandSink::Loop::dial(mqtt::ClientPtr client, const mqtt::ClientOptions& chosen,
                                            const std::stop_token& stop) {
  mqtt::Dial attempt(std::move(client), connect_properties(options, chosen.level, Session::none), chosen, line.tls,
                     wake);
  while (!stop.stop_requested() && !pending.waits()) {
    if (std::optional<mqtt::Dial::Outcome> outcome = attempt.outcome()) {
      if (!outcome->client) status.down(outcome->error);
      return std::move(outcome->client);
    }
    poll_until_woken(nothing, rest_max);
  }
  return nullptr;
}

void MqttCommandSink::Loop::serve(mqtt::ClientPtr client, int level, CommandListener& listener,
                                  const std::stop_token& stop) {
  {
    CommandConnection connection(std::move(client), level, options, clock, line.tls, batch);
    asked_at = clock.now();
    subscribe_again_at.reset();
    round_trips(connection, level, listener, stop);
    if (connection.lost()) {
      if (!connection.answered() && !connection.tls_failed()) protocol.cut_unanswered(level, clock.now());
      status.down(connection.why_lost());
    }
  }
  // Only now that the client is gone may a publish be told as one that will not leave any more.
  handover.close();
  tell_readiness(listener);
}

void MqttCommandSink::Loop::round_trips(CommandConnection& connection, int level, CommandListener& listener,
                                        const std::stop_token& stop) {
  while (!connection.lost()) {
    wait(connection);
    if (stop.stop_requested()) {
      if (connection.answered()) connection.disconnect();
      return;
    }
    connection.read();
    settle(connection);
    hand_on(listener);
    greet(connection, level);
    look_after(connection);
    tell_readiness(listener);
    if (change_over(connection)) return;
    publish_next(connection);
    connection.write();
    settle(connection);
  }
}

void MqttCommandSink::Loop::take(PendingChange::Change change) {
  change.options.client_id = options.client_id;
  options = std::move(change.options);
  if (!change.line) return;
  line = std::move(*change.line);
  protocol = {};
  back_off.reset();
}

/// Takes up a change once no publish and no answer to SUBSCRIBE is on its way; true: the connection has to be made
/// anew.
bool MqttCommandSink::Loop::change_over(CommandConnection& connection) {
  if (!pending.waits() || connection.lost() || handover.busy()) return false;
  if (connection.answered() && !connection.subscribe_answered()) return false;
  std::optional<PendingChange::Change> change = pending.take_for_living();
  if (!change) {
    if (connection.answered()) connection.disconnect();
    status.down("its settings have changed");
    return true;
  }
  take(std::move(*change));
  if (!connection.answered()) return false;
  const std::vector<std::string> refused = connection.refused().filters;
  std::erase_if(asked, [&](const std::string& filter) { return std::ranges::find(refused, filter) != refused.end(); });
  subscribe(connection);
  return false;
}

/// To what is wanted and was not asked for on this connection.
void MqttCommandSink::Loop::subscribe(CommandConnection& connection) {
  std::vector<std::string> more;
  for (const std::string& filter : options.filters)
    if (std::ranges::find(asked, filter) == asked.end()) more.push_back(filter);
  asked.insert(asked.end(), more.begin(), more.end());
  asked_at = clock.now();
  subscribe_again_at.reset();
  connection.subscribe(std::move(more));
}

void MqttCommandSink::Loop::wait(const CommandConnection& connection) {
  poll_until_woken({connection.socket(), connection.events(), 0}, connection.pending() ? Duration(0) : rest_max);
}

void MqttCommandSink::Loop::greet(CommandConnection& connection, int level) {
  const std::optional<int> code = connection.take_answer();
  if (!code) return;
  if (*code != 0) {
    if (says_unsupported(*code)) protocol.refused(level, clock.now());
    return;
  }
  protocol.accepted();
  status.connected(level, "");
  asked.clear();
  subscribe(connection);
}

void MqttCommandSink::Loop::hand_on(CommandListener& listener) {
  for (const Message& message : batch.messages()) listener.heard(message);
  batch.clear();
}

void MqttCommandSink::Loop::publish_next(CommandConnection& connection) {
  if (connection.lost()) return;
  const std::optional<CommandPublish> next = handover.take();
  if (!next) return;
  topic = next->topic;
  if (const Result<> queued = connection.publish(*next); !queued) {
    log.warning(component, "not sent to '" + topic + "': " + queued.error().message);
    handover.end(Sent::not_sent);
  }
}

void MqttCommandSink::Loop::settle(CommandConnection& connection) {
  const std::optional<int> reason = connection.take_acknowledgement();
  if (!reason) return;
  if (*reason >= MQTT_RC_UNSPECIFIED) {
    log.warning(component, "the broker refuses what is sent to '" + topic + "': " + mqtt::reason_words(*reason));
    return handover.end(Sent::not_sent);
  }
  if (*reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS) log.debug(component, "nobody is subscribed to '" + topic + "'");
  handover.end(Sent::acknowledged);
}

void MqttCommandSink::Loop::look_after(CommandConnection& connection) {
  if (connection.lost()) return;
  if (handover.abandoned()) return connection.give_up("the broker has not acknowledged a command in time");
  if (!connection.answered()) {
    if (clock.now() > asked_at + options.answer_wait) connection.give_up("no answer to CONNECT");
    return;
  }
  look_after_filters(connection);
}

void MqttCommandSink::Loop::look_after_filters(CommandConnection& connection) {
  const Instant now = clock.now();
  if (!connection.subscribe_answered()) {
    if (now > asked_at + options.answer_wait) connection.give_up("no answer to SUBSCRIBE");
  } else if (connection.refused().filters.empty()) {
    status.subscribed();
    handover.open();
  } else {
    status.refused(connection.refused().words);
    if (!subscribe_again_at) subscribe_again_at = now + refused_retry;
    if (now < *subscribe_again_at) return;
    subscribe_again_at.reset();
    asked_at = now;
    connection.subscribe(connection.refused().filters);
  }
}

void MqttCommandSink::Loop::tell_readiness(CommandListener& listener) {
  const bool is_ready = handover.is_open();
  if (is_ready == std::exchange(told_ready, is_ready)) return;
  listener.changed();
}

void MqttCommandSink::Loop::rest(Duration time, const std::stop_token& stop) {
  const Instant end = clock.now() + time;
  while (!stop.stop_requested() && !pending.waits()) {
    const Duration left = std::chrono::ceil<Duration>(end - clock.now());
    if (left <= Duration(0)) return;
    poll_until_woken(nothing, std::min(left, rest_max));
  }
}

void MqttCommandSink::Loop::poll_until_woken(pollfd other, Duration most) {
  std::array<pollfd, 2> all{{{wake->descriptor(), POLLIN, 0}, other}};
  poll(all.data(), all.size(), static_cast<int>(std::max(most, Duration(0)).count()));
  if (all[0].revents != 0) wake->clear();
}

MqttCommandSink::MqttCommandSink(Options options, std::vector<std::string> filters, const Clock& clock, Log& log)
    : loop_(std::make_unique<Loop>(with_filters(std::move(options), std::move(filters)), clock, log)) {}

MqttCommandSink::~MqttCommandSink() = default;

void MqttCommandSink::run(CommandListener& listener, std::stop_token stop) {
  loop_->run(listener, stop);
}

void MqttCommandSink::change(Options options, std::vector<std::string> filters, std::optional<Line> line) {
  loop_->pending.put({with_filters(std::move(options), std::move(filters)), std::move(line)});
  loop_->wake->call();
}

bool MqttCommandSink::ready() const {
  return loop_->handover.is_open();
}

CommandSink::Sent MqttCommandSink::publish(const CommandPublish& publish, std::stop_token stop) {
  return loop_->handover.give(publish, loop_->publish_wait, stop);
}

State MqttCommandSink::state() const {
  return loop_->status.state();
}

}  // namespace sluice::local_broker
