#include "gateway/flow/delivery.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/flow/refused.h"

namespace sluice::flow {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration idle_rest = seconds(30);
constexpr Duration store_error_rest = seconds(1);
constexpr Duration back_off_first = Duration(500);
constexpr Duration back_off_max = seconds(60);
constexpr Duration pause_first = minutes(1);
constexpr Duration pause_max = minutes(15);
constexpr Duration retry_after_max = std::chrono::hours(1);

Duration doubled(Duration first, int times, Duration most) {
  Duration rest = first;
  for (int i = 0; i < times && rest < most; ++i) rest *= 2;
  return std::min(rest, most);
}

}  // namespace

std::string_view name_of(CloudState::Health health) {
  switch (health) {
    case CloudState::Health::up:
      return "up";
    case CloudState::Health::down:
      return "down";
    case CloudState::Health::paused:
      return "paused";
  }
  return "down";
}

Delivery::Delivery(Options options, store::Store& store, UplinkSink& sink, const Clock& clock, Log& log)
    : options_(std::move(options)), store_(store), sink_(sink), clock_(clock), log_(log), random_(options_.seed) {
  state_.name = options_.cloud;
  state_.type = options_.type;
  state_.since = clock_.wall_time();
  if (options_.thin.on()) ahead_.emplace(options_.thin, clock_);
}

void Delivery::begin_as(const CloudState& before) {
  const std::lock_guard lock(mutex_);
  state_.health = before.health;
  state_.since = before.since;
  state_.last_error = before.last_error;
  state_.last_error_at = before.last_error_at;
  state_.delivery_seconds = before.delivery_seconds;
}

Duration Delivery::step(std::stop_token stop) {
  backing_off_ = false;
  step_again(stop);
  const Duration rest = ahead_ ? step_ahead(stop) : step_in_order(stop);
  if (backing_off_ || !store_.waits_again(options_.cloud)) return rest;
  return std::clamp(std::chrono::ceil<Duration>(again_at_ - clock_.now()), Duration(0), rest);
}

void Delivery::step_again(const std::stop_token& stop) {
  if (clock_.now() < again_at_ || !store_.waits_again(options_.cloud)) return;
  const auto page = store_.read_again(options_.cloud, {options_.count_max, options_.bytes_max});
  std::vector<Verdict> verdicts;
  if (page && !page->records.empty()) verdicts = sink_.deliver(page->records, stop);
  const Result<const Verdict*> deferral = page ? settle_again(*page, verdicts) : page.error();
  if (!deferral) {
    log_.error(options_.cloud, "cannot send again what was replayed: " + deferral.error().message);
    again_at_ = clock_.now() + store_error_rest;
  } else if (*deferral != nullptr && !stop.stop_requested()) {
    set_trouble(
        Trouble{(*deferral)->paused ? CloudState::Health::paused : CloudState::Health::down, (*deferral)->reason});
    again_at_ = clock_.now() + rest_after(**deferral, failures_again_++);
  }
}

Result<const Verdict*> Delivery::settle_again(const store::Page& page, std::vector<Verdict>& verdicts) {
  verdicts.resize(page.records.size());  // a missing verdict is a deferral
  const auto deferral = std::find_if(verdicts.begin(), verdicts.end(),
                                     [](const Verdict& each) { return each.outcome == Outcome::deferred; });
  const auto settled = static_cast<std::size_t>(deferral - verdicts.begin());
  std::vector<store::Store::AgainSettlement> settlements;
  for (std::size_t i = 0; i < settled; ++i)
    settlements.push_back({page.positions[i], verdicts[i].outcome == Outcome::accepted, verdicts[i].reason});
  if (auto done = store_.settle_again(options_.cloud, settlements); !done) return done.error();
  if (note(page.records, {verdicts.data(), settled})) failures_again_ = 0;
  return deferral == verdicts.end() ? nullptr : &*deferral;
}

Duration Delivery::step_in_order(const std::stop_token& stop) {
  auto page = store_.read(options_.cloud, {options_.count_max, options_.bytes_max, options_.only.originals});
  if (!page) {
    log_.error(options_.cloud, "cannot read the outbox: " + page.error().message);
    return store_error_rest;
  }
  if (page->records.empty()) {
    filling_since_.reset();
    return idle_rest;
  }
  if (filling(page->records)) {
    backing_off_ = true;
    return std::max(Duration(1), std::chrono::ceil<Duration>(*filling_since_ + options_.wait_max - clock_.now()));
  }
  filling_since_.reset();

  std::vector<bool> wanted(page->records.size());
  std::vector<Record> sent;
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = options_.only.wants(page->records[i]);
  const bool all = std::find(wanted.begin(), wanted.end(), false) == wanted.end();
  if (!all)
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (wanted[i]) sent.push_back(page->records[i]);

  const std::span<const Record> batch = all ? std::span<const Record>(page->records) : std::span<const Record>(sent);
  std::vector<Verdict> verdicts;
  if (!batch.empty()) verdicts = sink_.deliver(batch, stop);
  verdicts.resize(batch.size());  // a missing verdict is a deferral
  const Verdict* deferral = settle(std::move(*page), wanted, verdicts);
  if (deferral == nullptr || stop.stop_requested()) return Duration(0);
  return back_off(*deferral);
}

Duration Delivery::step_ahead(const std::stop_token& stop) {
  const std::int64_t after = ahead_->room() ? ahead_->taken() : std::numeric_limits<std::int64_t>::max();
  auto page = store_.read(options_.cloud, {options_.count_max, options_.bytes_max, options_.only.originals, after});
  if (!page) {
    log_.error(options_.cloud, "cannot read the outbox: " + page.error().message);
    return store_error_rest;
  }
  const bool more = !page->records.empty();
  ahead_->take(std::move(*page), options_.only);
  std::vector<Record> batch = ahead_->ready(options_.count_max, options_.bytes_max);
  if (!batch.empty() && !more && filling(batch)) {
    backing_off_ = true;
    if (!settle_ahead()) return store_error_rest;
    return std::max(Duration(1), std::chrono::ceil<Duration>(*filling_since_ + options_.wait_max - clock_.now()));
  }
  const Verdict* deferral = nullptr;
  std::vector<Verdict> verdicts;
  if (!batch.empty()) {
    filling_since_.reset();
    verdicts = sink_.deliver(batch, stop);
    deferral = ahead_->judge(verdicts, options_.cloud);
    note(batch, verdicts);
  }
  if (!settle_ahead()) return store_error_rest;
  if (deferral != nullptr && !stop.stop_requested()) return back_off(*deferral);
  if (more || !batch.empty()) return Duration(0);
  return std::min(idle_rest, ahead_->next_end().value_or(idle_rest));
}

bool Delivery::settle_ahead() {
  for (;;) {
    const Lookahead::Decided front = ahead_->decided();
    if (front.settlements.empty()) return true;
    if (const auto settled = store_.settle(options_.cloud, front.settlements, front.refused); !settled) {
      log_.error(options_.cloud, "the store cannot note what was delivered: " + settled.error().message);
      backing_off_ = true;
      return false;
    }
    ahead_->settled(front);
  }
}

bool Delivery::note(std::span<const Record> batch, std::span<const Verdict> verdicts) {
  bool accepted = false;
  for (std::size_t i = 0; i < verdicts.size() && verdicts[i].outcome != Outcome::deferred; ++i) {
    accepted |= verdicts[i].outcome == Outcome::accepted;
    if (verdicts[i].outcome == Outcome::accepted)
      count_delivered(batch[i]);
    else
      log_.warning(options_.cloud,
                   "record " + batch[i].id.text() + " refused, now in quarantine: " + verdicts[i].reason);
  }
  if (!accepted) return false;
  failures_ = 0;
  set_trouble(std::nullopt);
  return true;
}

bool Delivery::filling(std::span<const Record> records) {
  if (options_.wait_max == Duration(0) || records.size() >= options_.count_max) return false;
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.size();
  if (static_cast<std::int64_t>(bytes) >= std::min(options_.bytes_max, options_.full_bytes)) return false;
  if (!filling_since_) filling_since_ = clock_.now();
  return clock_.now() < *filling_since_ + options_.wait_max;
}

const Verdict* Delivery::settle(store::Page page, const std::vector<bool>& wanted, std::vector<Verdict>& verdicts) {
  std::vector<store::Store::Settlement> settlements;
  std::vector<store::Quarantined> quarantined;
  const Verdict* deferral = nullptr;
  bool accepted = false;
  std::size_t next = 0;
  for (std::size_t i = 0; i < page.records.size() && deferral == nullptr; ++i) {
    store::Settled fate = store::Settled::skipped;
    if (wanted[i]) {
      Verdict& verdict = verdicts[next++];
      if (verdict.outcome == Outcome::deferred) {
        deferral = &verdict;
        break;
      }
      fate = verdict.outcome == Outcome::accepted ? store::Settled::delivered : store::Settled::rejected;
      accepted |= verdict.outcome == Outcome::accepted;
      if (verdict.outcome == Outcome::rejected)
        quarantined.push_back(refused(page.records[i], options_.cloud, std::move(verdict.reason)));
    }
    settlements.push_back({page.positions[i], fate});
  }
  for (const store::Quarantined& entry : quarantined)
    log_.warning(options_.cloud, "record " + entry.record->id.text() + " refused, now in quarantine: " + entry.reason);
  if (!settlements.empty()) {
    if (const auto settled = store_.settle(options_.cloud, settlements, std::move(quarantined)); !settled) {
      // Sent, but not noted: it will be sent again under the same ids.
      static const Verdict not_noted = Verdict::defer("the store cannot note what was delivered", store_error_rest);
      log_.error(options_.cloud, not_noted.reason + ": " + settled.error().message);
      return &not_noted;
    }
    for (std::size_t i = 0; i < settlements.size(); ++i)
      if (settlements[i].fate == store::Settled::delivered) count_delivered(page.records[i]);
  }
  if (accepted) {
    failures_ = 0;
    set_trouble(std::nullopt);
  }
  return deferral;
}

Duration Delivery::back_off(const Verdict& verdict) {
  backing_off_ = true;
  set_trouble(Trouble{verdict.paused ? CloudState::Health::paused : CloudState::Health::down, verdict.reason});
  return rest_after(verdict, failures_++);
}

Duration Delivery::rest_after(const Verdict& verdict, int before) {
  if (verdict.paused) return doubled(pause_first, before, pause_max);
  if (verdict.retry_after) return std::clamp(*verdict.retry_after, Duration(0), retry_after_max);
  const Duration most = doubled(back_off_first, before, back_off_max);
  return Duration(std::uniform_int_distribution<std::int64_t>(1, most.count())(random_));
}

void Delivery::tell(CloudState::Health health, std::string error) {
  const Timestamp now = clock_.wall_time();
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = state_.health != health || (!error.empty() && state_.last_error != error);
    if (state_.health != health) state_.since = now;
    state_.health = health;
    if (!error.empty()) {
      state_.last_error = error;
      state_.last_error_at = now;
    }
  }
  if (!changed || (health != CloudState::Health::up && error.empty())) return;
  switch (health) {
    case CloudState::Health::up:
      log_.info(options_.cloud, "up");
      break;
    case CloudState::Health::down:
      log_.warning(options_.cloud, "down: " + error + "; trying again");
      break;
    case CloudState::Health::paused:
      log_.error(options_.cloud, "paused until this is mended: " + error);
      break;
  }
}

void Delivery::count_delivered(const Record& record) {
  // As long as the clock is not synced both ends are wrong by the same.
  if (record.boot_at && clock_.synced()) return;
  const Timestamp accepted = record.accepted_at.value_or(record.id.time());
  const double seconds_taken = std::chrono::duration<double>(clock_.wall_time() - accepted).count();
  const std::lock_guard lock(mutex_);
  state_.delivery_seconds.observe(std::max(0.0, seconds_taken));
}

void Delivery::look() {
  const std::optional<Link> link = sink_.link();
  if (!link) return;
  if (link->health != Link::Health::up) {
    link_down_ = true;
    tell(link->health == Link::Health::paused ? CloudState::Health::paused : CloudState::Health::down, link->why);
  } else if (std::exchange(link_down_, false)) {
    const std::optional<Trouble> still = trouble();
    tell(still ? still->health : CloudState::Health::up, still ? still->error : std::string());
  }
}

std::optional<Delivery::Trouble> Delivery::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Delivery::set_trouble(std::optional<Trouble> trouble) {
  {
    const std::lock_guard lock(mutex_);
    trouble_ = trouble;
  }
  tell(trouble ? trouble->health : CloudState::Health::up, trouble ? trouble->error : std::string());
}

CloudState Delivery::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace sluice::flow
