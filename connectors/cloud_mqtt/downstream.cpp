#include "connectors/cloud_mqtt/downstream.h"

#include <algorithm>
#include <utility>

#include "connectors/cloud_mqtt/reasons.h"
#include "connectors/mqtt/words.h"
#include "gateway/core/assert.h"

namespace sluice::cloud_mqtt {

namespace {

constexpr Duration old_queue(10'000);  // so long after the subscriptions stand, what comes may have lain in a queue
constexpr Duration queue_pause(300);   // and after them as long as commands follow each other within this,
constexpr Duration longest_queue(600'000);  // but no longer than this
constexpr Duration unknown_age = std::chrono::hours(24 * 365);
constexpr Duration cut_soon(5000);
constexpr int suspicions_max = 3;
constexpr int refused = 0x80;  // MQTT 5 section 3.9.3, MQTT 3.1.1 section 3.9.3

Verdict verdict_of_answer(const UplinkConnection::Acknowledgement& said) {
  Verdict verdict = verdict_of(said.reason, said.words);
  // Whoever named a topic that we may not publish to hears nothing; others must not wait behind.
  return verdict.paused ? Verdict::reject(verdict.reason) : verdict;
}

}  // namespace

Downstream::Downstream(const Options& options, const Clock& clock, Log& log, LinkStatus& status,
                       const std::shared_ptr<mqtt::Wake>& wake)
    : options_(options),
      clock_(clock),
      log_(log),
      status_(status),
      downlink_(options.downlink ? options.downlink(clock) : nullptr),
      tellings_(wake) {}

void Downstream::begin(UplinkConnection& connection) {
  if (!wanted()) return;
  SLUICE_ASSERT(acceptor_ != nullptr);
  greeted_at_.reset();
  settled_at_.reset();
  last_heard_at_.reset();
  resumed_ = granted_ = not_stored_ = false;
  subscriptions_.clear();
  refusals_.clear();
  sent_.clear();
  downlink_->connected();
  connection.listen([this, &connection](Arrival& arrival) { hear(connection, arrival); });
}

void Downstream::greeted(UplinkConnection& connection) {
  if (!wanted()) return;
  greeted_at_ = clock_.now();
  resumed_ = connection.session_present() || downlink_->keeps_without_session();
  for (Subscription& each : downlink_->subscriptions()) subscriptions_.push_back({std::move(each)});
  subscribe(connection);
}

void Downstream::subscribe(UplinkConnection& connection) {
  subscribed_at_ = clock_.now();
  for (Subscribing& each : subscriptions_) {
    if (each.granted && *each.granted < refused) continue;
    const Result<int> packet_id = connection.subscribe(each.wanted.filter, each.wanted.qos);
    each.packet_id = packet_id ? *packet_id : 0;
    each.granted = packet_id ? std::nullopt : std::optional(refused);
  }
}

void Downstream::read_grants(UplinkConnection& connection) {
  const auto open = [](const Subscribing& each) { return !each.granted; };
  for (const UplinkConnection::Grant& grant : connection.grants())
    for (Subscribing& each : subscriptions_)
      if (each.packet_id == grant.packet_id) each.granted = grant.code;
  connection.grants().clear();
  if (granted_ || std::ranges::any_of(subscriptions_, open)) return;
  const auto wrong =
      std::ranges::find_if(subscriptions_, [](const Subscribing& each) { return *each.granted >= refused; });
  if (!settled_at_) settled_at_ = clock_.now();
  granted_ = wrong == subscriptions_.end();
  if (granted_) {
    log_.info(options_.name, "listens for commands");
    status_.trouble({});
  } else {
    status_.trouble("not allowed to subscribe to '" + wrong->wanted.filter +
                    "', so that no commands come: " + mqtt::reason_words(*wrong->granted));
  }
}

void Downstream::step(UplinkConnection& connection) {
  if (!wanted() || connection.lost()) return;
  read_grants(connection);
  if (settled_at_ && !granted_ && clock_.now() > subscribed_at_ + options_.subscribe_again) subscribe(connection);
  publish_all(connection, std::exchange(refusals_, {}));
  if (granted_) publish_all(connection, downlink_->due());
  tell(connection);
  expire();
}

bool Downstream::in_old_queue() const {
  if (!resumed_) return false;
  const Instant now = clock_.now();
  if (!settled_at_ || now < *settled_at_ + old_queue) return true;
  // A long queue comes without a pause, for as long as it takes to store it.
  return last_heard_at_ && now < *last_heard_at_ + queue_pause && now < *settled_at_ + longest_queue;
}

Duration Downstream::age() const {
  if (!in_old_queue()) return Duration(0);
  return away_since_ ? std::chrono::ceil<Duration>(clock_.now() - *away_since_) : unknown_age;
}

void Downstream::hear(UplinkConnection& connection, Arrival& arrival) {
  if (connection.lost()) return;  // what follows one that was not stored must come again behind it
  // The queue of a resumed session may come with the greeting.
  resumed_ = resumed_ || connection.session_present();
  arrival.age = age();
  if (in_old_queue()) last_heard_at_ = clock_.now();
  const Downlink::Heard heard = downlink_->hear(arrival);
  if (!heard.remark.empty()) log_.warning(options_.name, heard.remark);
  if (heard.told) {
    Telling* telling = tellings_.at_hand();
    if (telling != nullptr && telling->published_at && telling->packet_id == 0) {
      suspicions_ = 0;
      end_telling(*heard.told);
    }
  }
  if (heard.command) hand_on(connection, *heard.command);
}

void Downstream::hand_on(UplinkConnection& connection, const CommandMessage& message) {
  const Result<std::vector<CommandAnswer>> taken = acceptor_->accept(options_.name, message);
  if (taken) {
    store_back_off_.reset();
    return downlink_->accepted(message, *taken);
  }
  const std::string& why = taken.error().message;
  if (std::optional<Outgoing> words = downlink_->refuse(message, refused_command({}, 503, "storage: " + why)))
    return refusals_.push_back(std::move(*words));
  not_stored_ = true;
  connection.give_up("a command cannot be stored, and is asked for again: " + why);
}

Result<int> Downstream::publish(UplinkConnection& connection, const Outgoing& outgoing) {
  Result<int> packet_id = connection.publish(outgoing, options_.gateway_id);
  if (packet_id)
    sent_.push_back({*packet_id, outgoing.qos});
  else
    log_.warning(options_.name, "an answer cannot be published: " + packet_id.error().message);
  return packet_id;
}

void Downstream::publish_all(UplinkConnection& connection, const std::vector<Outgoing>& all) {
  for (const Outgoing& each : all) static_cast<void>(publish(connection, each));
}

void Downstream::tell(UplinkConnection& connection) {
  Telling* telling = tellings_.at_hand();
  if (telling == nullptr || telling->published_at || !settled_at_) return;
  std::variant<Outgoing, Verdict> told = downlink_->tell(telling->reply_to, telling->answer);
  if (auto* verdict = std::get_if<Verdict>(&told)) return end_telling(std::move(*verdict));
  const auto& outgoing = std::get<Outgoing>(told);
  const Result<int> packet_id = publish(connection, outgoing);
  if (!packet_id) return end_telling(Verdict::reject(packet_id.error().message));
  telling->published_at = clock_.now();
  telling->packet_id = outgoing.awaits_arrival ? 0 : *packet_id;
}

Downstream::Whose Downstream::take(const UplinkConnection::Acknowledgement& said) {
  const auto found = std::ranges::find(sent_, said.packet_id, &Sent::packet_id);
  if (found == sent_.end()) return Whose::uplinks;
  const int qos = found->qos;
  sent_.erase(found);
  Telling* telling = tellings_.at_hand();
  if (telling != nullptr && telling->published_at && telling->packet_id == said.packet_id) {
    suspicions_ = 0;
    end_telling(verdict_of_answer(said));
  }
  return qos == 0 ? Whose::written : Whose::confirmed;
}

std::size_t Downstream::in_flight() const {
  return static_cast<std::size_t>(std::ranges::count_if(sent_, [](const Sent& each) { return each.qos > 0; }));
}

bool Downstream::telling() {
  Telling* telling = tellings_.at_hand();
  return telling != nullptr && telling->published_at;
}

void Downstream::rest() {
  if (tellings_.at_hand() != nullptr) end_telling(Verdict::defer("not connected"));
}

void Downstream::ended(Instant alive_at, bool cut) {
  if (!wanted()) return;
  if (greeted_at_ && !in_old_queue()) away_since_ = alive_at;
  Telling* telling = tellings_.at_hand();
  if (telling == nullptr || !telling->published_at) return;
  if (cut && suspect(*telling))
    return end_telling(Verdict::reject("the server closes the connection each time this answer comes"));
  end_telling(Verdict::defer("the connection ended before it was acknowledged"));
}

bool Downstream::suspect(const Telling& telling) {
  if (not_stored_ || clock_.now() - *telling.published_at > cut_soon) return false;
  suspicions_ = telling.reply_to == suspect_ ? suspicions_ + 1 : 1;
  suspect_ = telling.reply_to;
  if (suspicions_ < suspicions_max) return false;
  suspicions_ = 0;
  return true;
}

std::optional<Duration> Downstream::rest_for_store() {
  if (!not_stored_) return std::nullopt;
  return store_back_off_.next();
}

void Downstream::end_telling(Verdict verdict) {
  tellings_.at_hand()->verdict = std::move(verdict);
  tellings_.release();
}

void Downstream::expire() {
  Telling* telling = tellings_.at_hand();
  if (telling == nullptr) return;
  const Instant now = clock_.now();
  if (!telling->since) telling->since = now;
  if (now < *telling->since + options_.answer_wait) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.answer_wait).count();
  end_telling(Verdict::defer("not acknowledged within " + std::to_string(seconds) + " s"));
}

}  // namespace sluice::cloud_mqtt
