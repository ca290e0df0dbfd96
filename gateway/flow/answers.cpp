#include "gateway/flow/answers.h"

#include <algorithm>

#include "gateway/flow/outcome.h"

namespace sluice::flow {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t at_once = 200;
constexpr Duration rest_max = 60s;
constexpr Duration storing_retry = 1s;
constexpr Duration back_off_first = 1s, back_off_most = 60s, paused_first = 60s, paused_most = 15min;

CommandAnswer answer_to(const store::OwedAnswer& owed) {
  if (owed.command) return answer_of(*owed.command);
  CommandAnswer answer;
  answer.id = owed.id;
  answer.state = CommandState::rejected;
  answer.ended = true;
  answer.status = owed.status;
  answer.text = owed.text;
  return answer;
}

}  // namespace

Answers::Answers(std::string cloud, store::Store& store, CommandSource& source, const Clock& clock, Log& log,
                 unsigned seed)
    : cloud_(std::move(cloud)), store_(store), source_(source), clock_(clock), log_(log), random_(seed) {}

Duration Answers::step(const std::stop_token& stop) {
  const auto owed = store_.owed_answers(cloud_, at_once);
  if (!owed) return storing_retry;
  store::Batch batch;
  Duration rest = rest_max;
  for (const store::OwedAnswer& each : *owed) {
    if (stop.stop_requested()) break;
    const auto later = later_.find(each.number);
    if (later == later_.end() || clock_.now() >= later->second.at) {
      if (tell(each, stop)) {
        batch.told.push_back(each.number);
        later_.erase(each.number);
        continue;
      }
    }
    if (const auto put_off = later_.find(each.number); put_off != later_.end())
      rest = std::min(rest, std::chrono::ceil<Duration>(put_off->second.at - clock_.now()));
  }
  if (batch.told.empty()) return std::max(rest, Duration(1));
  if (!store_.append(batch)) return storing_retry;
  return owed->size() == at_once ? Duration(0) : std::max(rest, Duration(1));
}

bool Answers::tell(const store::OwedAnswer& owed, const std::stop_token& stop) {
  const Verdict verdict = source_.answer(owed.reply_to, answer_to(owed), stop);
  if (verdict.outcome == Outcome::accepted) return true;
  if (verdict.outcome == Outcome::rejected) {
    log_.warning("commands", cloud_ + " does not take the outcome of command '" + owed.id + "': " + verdict.reason);
    return true;
  }
  if (stop.stop_requested()) return false;
  Later& later = later_[owed.number];
  const Duration first = verdict.paused ? paused_first : back_off_first;
  const Duration most = verdict.paused ? paused_most : back_off_most;
  const Duration bound = std::min(most, first * (1 << std::min(later.failures, 10)));
  ++later.failures;
  std::uniform_int_distribution<Duration::rep> jitter(bound.count() / 2, bound.count());
  later.at = clock_.now() + std::max(verdict.retry_after.value_or(Duration(0)), Duration(jitter(random_)));
  if (later.failures == 1)
    log_.info("commands", cloud_ + " is told later how command '" + owed.id + "' ended: " + verdict.reason);
  return false;
}

void Answers::wait(Duration most) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, most, [this] { return wake_; });
  wake_ = false;
}

void Answers::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  woken_.notify_all();
}

}  // namespace sluice::flow
