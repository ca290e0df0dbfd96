#include "connectors/cloud_mqtt/keeper.h"

#include <algorithm>
#include <array>
#include <utility>

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>

#include "connectors/cloud_mqtt/reasons.h"
#include "connectors/mqtt/words.h"

namespace sluice::cloud_mqtt {

namespace {

constexpr Duration rest_max(1000);      // keep alive counts in seconds
constexpr Duration login_retry(1000);   // a login that is not possible yet
constexpr Duration lived_well(60'000);  // a connection that held so long is no reason to back off
constexpr Duration cut_soon(5000);      // after the greeting, or after a publish
constexpr Duration renewal_grace(250);  // for acknowledgements that are on their way
constexpr int cuts_max = 3;
constexpr int suspicions_max = 3;
/// The largest packet that is asked for: a command may have 64 KiB, and correlation data or properties beside it.
constexpr std::uint32_t arrival_bytes_max = 1024 * 1024;

int level_of(const Options& options) {
  return options.protocol == Protocol::v5 ? 5 : 4;
}

}  // namespace

Keeper::Keeper(const Options& options, const Clock& clock, Log& log)
    : options_(options),
      clock_(clock),
      log_(log),
      place_(mqtt::words_of(options.address)),
      downstream_(options, clock, log, status_, wake_),
      packing_(options, clock) {}

void Keeper::run(const std::stop_token& stop) {
  const std::stop_callback waker(stop, [this] { wake_->call(); });
  jobs_.begin();
  downstream_.tellings().begin();
  while (!stop.stop_requested()) rest(attempt(stop), stop);
  downstream_.tellings().end();
  jobs_.end();
}

Duration Keeper::attempt(const std::stop_token& stop) {
  Result<Login> login = options_.login ? options_.login(clock_) : Login{options_.username, options_.password, {}};
  if (!login) {
    status_.tell(Link::Health::down, login.error().message);
    return login_retry;
  }
  mqtt::Tls tls;
  if (options_.address.tls) {
    Result<mqtt::Tls> made = transport::TlsContext::make(options_.tls, options_.address.host, options_.alpn);
    if (!made) return pause(made.error().message);
    tls = std::move(*made);
  }
  std::optional<mqtt::Dial::Outcome> reached = dial(*login, tls, stop);
  if (!reached) return Duration(0);
  if (!reached->client) return reached->tls_failed && clock_.synced() ? pause(reached->error) : down(reached->error);

  transport::Redaction secrets;
  secrets.add(login->password);
  UplinkConnection connection(std::move(reached->client), level_of(options_), tls, std::move(secrets));
  const End end = serve(connection, *login, stop);
  const bool answering = downstream_.telling() || downstream_.gave_up();  // which may be why it ended
  downstream_.ended(end == End::lost ? heard_at_ : clock_.now(), end == End::lost);
  if (Job* job = jobs_.at_hand()) {
    if (end == End::lost && !answering) suspect(connection, *job);
    job->rewind();
    release_if_done(job);
  }
  return end == End::lost ? rest_after(connection) : Duration(0);
}

std::optional<mqtt::Dial::Outcome> Keeper::dial(const Login& login, const mqtt::Tls& tls, const std::stop_token& stop) {
  const mqtt::ClientOptions chosen{
      options_.address,    options_.client_id,
      login.username,      login.password,
      level_of(options_),  !downstream_.wanted(),
      options_.keep_alive, downstream_.wanted() ? mqtt::Writing::deferred : mqtt::Writing::at_once};
  Result<mqtt::ClientPtr> client = mqtt::make_client(chosen, tls);
  if (!client) return mqtt::Dial::Outcome{nullptr, client.error().message, false};
  // Ours is the window; the library would let 20 through.
  mosquitto_int_option(client->get(), MOSQ_OPT_SEND_MAXIMUM, 65'535);
  mqtt::Dial attempt(std::move(*client), connect_properties(), chosen, tls, wake_);
  const Instant began = clock_.now();
  while (!stop.stop_requested()) {
    if (std::optional<mqtt::Dial::Outcome> outcome = attempt.outcome()) return outcome;
    wait(nullptr, rest_max);
    if (clock_.now() > began + options_.connect_wait)
      status_.tell(Link::Health::down, "not connected to " + place_ +
                                           ": no answer yet; is a name server reachable, and does a firewall stand "
                                           "between?");
    jobs_.at_hand();  // lets go of one whose giver was told to stop
    downstream_.wait();
  }
  return std::nullopt;
}

mqtt::Properties Keeper::connect_properties() const {
  if (!downstream_.wanted() || options_.protocol != Protocol::v5) return nullptr;
  mosquitto_property* made = nullptr;
  mosquitto_property_add_int32(&made, MQTT_PROP_SESSION_EXPIRY_INTERVAL,
                               static_cast<std::uint32_t>(options_.session_expiry.count()));
  mosquitto_property_add_int32(&made, MQTT_PROP_MAXIMUM_PACKET_SIZE, arrival_bytes_max);
  return mqtt::Properties(made);
}

Keeper::End Keeper::serve(UplinkConnection& connection, const Login& login, const std::stop_token& stop) {
  limits_ = {};
  began_ = heard_at_ = clock_.now();
  greeted_at_.reset();
  renewing_since_.reset();
  acknowledged_ = stalled_ = lasting_ = false;
  advice_.clear();
  bool ready = false;
  downstream_.begin(connection);
  while (!connection.lost()) {
    wait(&connection, idle(login));
    connection.turn();
    if (stop.stop_requested()) {
      if (connection.greeted()) connection.disconnect();
      return End::stopped;
    }
    ready = ready || greet(connection);
    Job* job = jobs_.at_hand();
    settle(connection, job);
    if (ready)
      downstream_.step(connection);
    else
      downstream_.wait();
    const bool renewing = ready && renewal_due(login);
    if (ready && job != nullptr && !renewing) feed(connection, *job);
    job = release_if_done(job);
    look_after(connection, job);
    const bool quiet = (job == nullptr || job->in_flight() == 0) && !downstream_.telling();
    if (renewing && (quiet || clock_.now() >= *renewing_since_ + renewal_grace)) {
      connection.disconnect();
      return End::renewed;
    }
  }
  return End::lost;
}

bool Keeper::renewal_due(const Login& login) {
  const Instant now = clock_.now();
  if (renewing_since_) return true;
  if (!login.renew_at || now < *login.renew_at) return false;
  if (downstream_.busy() && login.renew_by && now < *login.renew_by) return false;
  renewing_since_ = now;
  return true;
}

Duration Keeper::idle(const Login& login) const {
  if (!login.renew_at || !greeted_at_) return rest_max;
  const Instant now = clock_.now();
  const bool put_off = now >= *login.renew_at && login.renew_by && now < *login.renew_by;
  const Instant next = renewing_since_ ? *renewing_since_ + renewal_grace : put_off ? *login.renew_by : *login.renew_at;
  return std::clamp(std::chrono::ceil<Duration>(next - now), Duration(1), rest_max);
}

bool Keeper::greet(UplinkConnection& connection) {
  std::optional<UplinkConnection::Greeting> greeting = connection.take_greeting();
  if (!greeting) return false;
  if (greeting->code != 0) {
    lasting_ = is_lasting(greeting->code, level_of(options_));
    if (is_unsupported(greeting->code, level_of(options_)))
      advice_ = options_.protocol == Protocol::v5 ? "; write protocol: 3.1.1" : "; write protocol: 5";
    return false;
  }
  if (downstream_.gave_up()) return false;
  limits_ = greeting->limits;
  if (limits_.qos_max < options_.qos) {
    lasting_ = true;
    connection.give_up("the broker takes QoS 0 only, which confirms nothing; write uplink.qos: 0 if that will do");
    return false;
  }
  greeted_at_ = clock_.now();
  if (!status_.up())
    log_.info(options_.name, "connected to " + place_ + ", MQTT " + (level_of(options_) == 5 ? "5" : "3.1.1") +
                                 ", as '" + options_.client_id + "'");
  // After one that was cut as soon as it was greeted, a greeting alone proves nothing.
  if (cuts_ == 0) status_.tell(Link::Health::up);
  downstream_.greeted(connection);
  return true;
}

std::size_t Keeper::window() const {
  const std::size_t most = std::min(options_.window, std::max<std::size_t>(limits_.receive_maximum, 1));
  return suspicions_ > 0 && !acknowledged_ ? 1 : most;
}

std::size_t Keeper::bytes_max() const {
  return std::min(options_.message_bytes_max, bytes_learnt_);
}

/// Makes the next message. How many records it holds; of several no more than fit.
std::size_t Keeper::pack(const UplinkConnection& connection, std::span<const Record> waiting) {
  const std::size_t count = packing_.fill(waiting, std::min({options_.pack_bytes_max, pack_learnt_, bytes_max()}));
  if (count < 2) return count;
  const std::size_t payload = packing_.payload().size();
  const std::size_t bytes = packing_.topic().size() + payload;
  const std::size_t excess =
      std::max(std::max(bytes, bytes_max()) - bytes_max(), connection.excess(packing_, options_.qos));
  return excess == 0 ? count : packing_.fill(waiting, payload - std::min(excess, payload));
}

void Keeper::feed(UplinkConnection& connection, Job& job) {
  const auto full = [&] { return job.in_flight() + downstream_.in_flight() >= window(); };
  if (job.waiting().empty() || full()) return;
  connection.begin_many();
  while (!job.waiting().empty() && !full() && !connection.lost())
    if (!publish_next(connection, job)) break;
  connection.end_many();
}

Job* Keeper::release_if_done(Job* job) {
  if (job == nullptr || !job->done()) return job;
  singles_ = 0;
  jobs_.release();
  return nullptr;
}

bool Keeper::publish_next(UplinkConnection& connection, Job& job) {
  std::span<const Record> waiting = job.waiting();
  if (singles_ > 0) waiting = waiting.first(1);
  const std::size_t count = pack(connection, waiting);
  if (count == 0) return job.reject(packing_.why_not()), true;
  const std::size_t bytes = packing_.topic().size() + packing_.payload().size();
  if (bytes > bytes_max())
    return job.reject(std::to_string(bytes) + " bytes with its topic are more than this cloud takes (" +
                      std::to_string(bytes_max()) + ")"),
           true;
  const Result<int> packet_id = connection.publish(packing_, options_.qos);
  if (!packet_id) {
    if (count > 1) return singles_ = count, true;
    return job.reject(packet_id.error().message), true;
  }
  job.published(*packet_id, count, bytes, clock_.now());
  singles_ -= std::min(singles_, count);
  return !connection.lost();
}

void Keeper::settle(UplinkConnection& connection, Job* job) {
  for (UplinkConnection::Acknowledgement& said : connection.acknowledgements()) {
    const Downstream::Whose whose = downstream_.take(said);
    if (whose == Downstream::Whose::written) continue;
    acknowledged_ = true;
    suspicions_ = 0;
    retry_.worked();
    stalled_ = false;
    if (!status_.up()) status_.tell(Link::Health::up);
    if (whose == Downstream::Whose::confirmed) continue;
    Job::Flight* flight = job == nullptr ? nullptr : job->find(said.packet_id);
    if (flight == nullptr) continue;
    if (flight->count > 1 && blames_content(said.reason)) {
      singles_ = flight->count;
      job->settle();
      job->rewind();
      continue;
    }
    flight->verdict = verdict_of(said.reason, said.words);
  }
  connection.acknowledgements().clear();
  if (job != nullptr) job->settle();
}

void Keeper::look_after(UplinkConnection& connection, const Job* job) {
  const Instant now = clock_.now();
  if (!connection.greeted() && now > began_ + options_.connect_wait)
    connection.give_up("no answer to CONNECT; is this an MQTT broker, and " +
                       std::string(options_.address.tls ? "its port one for TLS?" : "its port one without TLS?"));
  if (greeted_at_ && now > *greeted_at_ + lived_well) {
    retry_.worked();
    cuts_ = 0;
  }
  if (greeted_at_ && !stalled_ && now > *greeted_at_ + cut_soon && !status_.up()) status_.tell(Link::Health::up);
  if (job == nullptr || job->front() == nullptr) return;
  if (stalled_ || now - job->front()->since < options_.acknowledge_wait) return;
  stalled_ = true;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.acknowledge_wait).count();
  status_.tell(Link::Health::down, "connected, but nothing acknowledged for " + std::to_string(seconds) +
                                       " s: the cloud may be overloaded, or its daily quota used up");
}

void Keeper::suspect(const UplinkConnection& connection, Job& job) {
  const Job::Flight* oldest = job.front();
  if (oldest == nullptr || !greeted_at_ || acknowledged_) return;
  if (connection.farewell() == MQTT_RC_PACKET_TOO_LARGE) {
    const auto largest = std::ranges::max_element(job.flights(), {}, &Job::Flight::bytes);
    if (largest->count > 1)
      pack_learnt_ = largest->bytes / 2;
    else
      bytes_learnt_ = largest->bytes - 1;
    return;
  }
  if (connection.farewell() == MQTT_RC_SESSION_TAKEN_OVER || clock_.now() - oldest->since > cut_soon) return;
  const bool alone = job.in_flight() == 1;
  suspicions_ = job.oldest().id == suspect_ || suspicions_ == 0 ? suspicions_ + 1 : 1;
  suspect_ = job.oldest().id;
  if (!alone || suspicions_ < suspicions_max) return;
  suspicions_ = cuts_ = 0;  // it is the message, and no other client
  job.end(Verdict::pause("the broker closes the connection each time this message comes (" +
                         std::to_string(oldest->bytes) + " bytes): is its topic allowed to '" + options_.client_id +
                         "', is it small enough, or is a quota used up?"));
}

Duration Keeper::rest_after(const UplinkConnection& connection) {
  const std::string why = connection.why_lost() + advice_;
  if (const std::optional<Duration> time = downstream_.rest_for_store()) {
    status_.tell(Link::Health::down, why);
    return *time;
  }
  if (!connection.greeted()) {
    if (connection.tls_failed()) return clock_.synced() ? pause(why) : down(why);
    const bool cut = level_of(options_) == 5;
    return down(why + (cut ? " before it answered; if it does not speak MQTT 5, write protocol: 3.1.1" : ""));
  }
  if (!greeted_at_) return lasting_ ? pause(why) : down(why);
  if (connection.farewell() == MQTT_RC_SESSION_TAKEN_OVER) {
    status_.tell(Link::Health::down, "another client took over the client id '" + options_.client_id +
                                         "': two use it; give each its own client_id");
    return retry_.after_takeover();
  }
  cuts_ = clock_.now() - *greeted_at_ < cut_soon ? cuts_ + 1 : 0;
  if (cuts_ < cuts_max) return down(why);
  status_.tell(Link::Health::down, why + " soon after each greeting: another client took over the client id '" +
                                       options_.client_id + "'? Two may use it");
  return retry_.after_takeover();
}

Duration Keeper::pause(std::string why) {
  status_.tell(Link::Health::paused, "not connected to " + place_ + ": " + std::move(why));
  return retry_.seldom();
}

Duration Keeper::down(std::string why) {
  status_.tell(Link::Health::down, "not connected to " + place_ + ": " + std::move(why));
  return retry_.soon();
}

void Keeper::wait(UplinkConnection* connection, Duration most) {
  std::array<pollfd, 2> all{{{wake_->descriptor(), POLLIN, 0}, {-1, 0, 0}}};
  if (connection != nullptr) all[1] = {connection->socket(), connection->events(), 0};
  // What has been written at QoS 0 counts as acknowledged, and nothing more comes for it.
  if (connection != nullptr && (connection->pending() || !connection->acknowledgements().empty())) most = Duration(0);
  poll(all.data(), all.size(), static_cast<int>(std::max(most, Duration(0)).count()));
  if (all[0].revents != 0) wake_->clear();
  // An error alone is no sign of life: it may be the machine's own that a silent peer is given up.
  if ((all[1].revents & (POLLIN | POLLERR)) == POLLIN) heard_at_ = clock_.now();
}

void Keeper::rest(Duration time, const std::stop_token& stop) {
  const Instant end = clock_.now() + time;
  while (!stop.stop_requested()) {
    jobs_.at_hand();
    downstream_.rest();
    const Duration left = std::chrono::ceil<Duration>(end - clock_.now());
    if (left <= Duration(0)) return;
    wait(nullptr, std::min(left, rest_max));
  }
}

}  // namespace sluice::cloud_mqtt
