#include "gateway/flow/lookahead.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/flow/digest.h"
#include "gateway/flow/refused.h"

namespace sluice::flow {

namespace {

constexpr std::size_t waiting_bytes_max = std::size_t{8} << 20;
constexpr std::size_t courses_max = 10'000;
constexpr std::size_t settled_at_once = 10'000;
/// Ids are given before their commit: the last of a slot may show a little after its end.
constexpr Duration grace(1000);

std::int64_t slot_of(Timestamp time, Duration every) {
  const std::int64_t at = time.time_since_epoch().count();
  const std::int64_t slot = at / every.count();
  return at % every.count() < 0 ? slot - 1 : slot;
}

/// What a reading says, without when it said so. In a JSON string the quotation mark would have a backslash before it.
std::uint64_t digest_of_readings(const Record& record) {
  const std::string_view data = record.data;
  const std::size_t readings = data.find(R"(,"readings":)");
  return Digest(0, 0).add(readings == std::string_view::npos ? data : data.substr(readings)).finish();
}

}  // namespace

bool Lookahead::room() const {
  return waiting_bytes_ < waiting_bytes_max;
}

void Lookahead::take(store::Page page, const Only& only) {
  forget_dropped(page.settled);
  all_taken_ = page.records.empty();
  for (std::size_t i = 0; i < page.records.size(); ++i) {
    const std::int64_t position = page.positions[i];
    taken_ = position;
    newest_ = std::max(newest_, page.records[i].id.time());
    if (only.wants(page.records[i]))
      enqueue(std::move(page.records[i]), position);
    else
      decide(position, store::Settled::skipped);
  }
}

void Lookahead::forget_dropped(std::int64_t settled) {
  if (settled <= settled_) return;
  settled_ = settled;
  taken_ = std::max(taken_, settled);
  while (!waiting_.empty() && waiting_.front().position <= settled) {
    const auto front = waiting_.begin();
    if (Course* course = course_of(front->record); course != nullptr && course->latest == front) course->latest.reset();
    waiting_bytes_ -= front->record.size();
    waiting_.erase(front);
  }
  while (!runs_.empty() && runs_.begin()->first <= settled) {
    const Run run = runs_.begin()->second;
    runs_.erase(runs_.begin());
    if (run.last > settled) runs_.emplace(settled + 1, run);
  }
  refused_.erase(refused_.begin(), refused_.upper_bound(settled));
  picked_.clear();
}

Lookahead::Course* Lookahead::course_of(const Record& record) {
  if (record.kind != RecordKind::reading) return nullptr;
  std::string key = record.device + '\n' + record.schema;
  const auto found = courses_.find(key);
  if (found != courses_.end()) return &found->second;
  if (courses_.size() >= courses_max) std::erase_if(courses_, [](const auto& course) { return !course.second.latest; });
  return &courses_[std::move(key)];
}

void Lookahead::enqueue(Record record, std::int64_t position) {
  waiting_bytes_ += record.size();
  waiting_.push_back({std::move(record), position, {}});
  const auto newest = std::prev(waiting_.end());
  Course* course = thin_.every > Duration(0) ? course_of(newest->record) : nullptr;
  if (course == nullptr) return;
  std::int64_t slot = slot_of(newest->record.id.time(), thin_.every);
  // What shows after its slot has been sent counts for the next one.
  if (slot <= course->slot) slot = course->latest ? course->slot : course->slot + 1;
  if (course->latest && course->slot == slot) decide(*course->latest, store::Settled::skipped);
  course->latest = newest;
  course->slot = slot;
  newest->slot = slot;
}

bool Lookahead::over(const Waiting& waiting) const {
  if (!waiting.slot) return true;
  const auto course = courses_.find(waiting.record.device + '\n' + waiting.record.schema);
  if (course != courses_.end() && course->second.slot > *waiting.slot) return true;
  const std::int64_t now = clock_.wall_time().time_since_epoch().count();
  const std::int64_t end = (*waiting.slot + 1) * thin_.every.count();
  // In a backlog the rest of the slot may not have been read yet.
  if (!all_taken_ && newest_.time_since_epoch().count() < end) return false;
  // One that lies far ahead was cut by a clock that has been set back since.
  return now >= end + grace.count() || end > now + 2 * thin_.every.count();
}

bool Lookahead::unchanged(const Record& record) {
  if (!thin_.on_change) return false;
  const Course* course = course_of(record);
  return course != nullptr && course->sent && *course->sent == digest_of_readings(record);
}

std::vector<Record> Lookahead::ready(std::size_t count_max, std::int64_t bytes_max) {
  picked_.clear();
  std::vector<Record> records;
  std::int64_t bytes = 0;
  std::unordered_set<std::string> held;      // devices
  std::unordered_set<const Course*> chosen;  // whose next one is compared with what becomes of this one
  for (auto at = waiting_.begin(); at != waiting_.end() && records.size() < count_max;) {
    const auto waiting = at++;
    if (held.contains(waiting->record.device)) continue;
    const Course* course = thin_.on_change ? course_of(waiting->record) : nullptr;
    if (!over(*waiting) || (course != nullptr && chosen.contains(course))) {
      held.insert(waiting->record.device);
      continue;
    }
    if (unchanged(waiting->record)) {
      decide(waiting, store::Settled::skipped);
      continue;
    }
    bytes += static_cast<std::int64_t>(waiting->record.size());
    if (bytes > bytes_max && !records.empty()) break;
    if (course != nullptr) chosen.insert(course);
    records.push_back(waiting->record);
    picked_.push_back(waiting);
  }
  return records;
}

const Verdict* Lookahead::judge(std::span<const Verdict> verdicts, const std::string& cloud) {
  static const Verdict none = Verdict::defer("no answer");
  const std::vector<Queue::iterator> picked = std::exchange(picked_, {});
  for (std::size_t i = 0; i < picked.size(); ++i) {
    const Verdict& verdict = i < verdicts.size() ? verdicts[i] : none;
    if (verdict.outcome == Outcome::deferred) return &verdict;
    const Record& record = picked[i]->record;
    if (verdict.outcome == Outcome::rejected) {
      refused_.emplace(picked[i]->position, refused(record, cloud, verdict.reason));
      decide(picked[i], store::Settled::rejected);
      continue;
    }
    if (Course* course = thin_.on_change ? course_of(record) : nullptr) course->sent = digest_of_readings(record);
    decide(picked[i], store::Settled::delivered);
  }
  return nullptr;
}

void Lookahead::decide(Queue::iterator waiting, store::Settled fate) {
  if (waiting->slot)
    if (Course* course = course_of(waiting->record); course->latest == waiting) course->latest.reset();
  decide(waiting->position, fate);
  waiting_bytes_ -= waiting->record.size();
  waiting_.erase(waiting);
}

void Lookahead::decide(std::int64_t position, store::Settled fate) {
  const auto after = runs_.upper_bound(position);
  auto run = runs_.end();
  if (after != runs_.begin()) {
    const auto before = std::prev(after);
    if (before->second.last == position - 1 && before->second.fate == fate) run = before;
  }
  if (run == runs_.end())
    run = runs_.emplace(position, Run{position, fate}).first;
  else
    run->second.last = position;
  if (after == runs_.end() || after->first != position + 1 || after->second.fate != fate) return;
  run->second.last = after->second.last;
  runs_.erase(after);
}

Lookahead::Decided Lookahead::decided() const {
  Decided front;
  std::int64_t next = settled_ + 1;
  for (auto run = runs_.begin(); run != runs_.end() && run->first == next; ++run)
    for (; next <= run->second.last && front.settlements.size() < settled_at_once; ++next)
      front.settlements.push_back({next, run->second.fate});
  for (const auto& [position, entry] : refused_)
    if (position < next) front.refused.push_back(entry);
  return front;
}

void Lookahead::settled(const Decided& front) {
  if (!front.settlements.empty()) forget_dropped(front.settlements.back().position);
}

std::optional<Duration> Lookahead::next_end() const {
  std::optional<std::int64_t> soonest;
  for (const Waiting& waiting : waiting_)
    if (waiting.slot && (!soonest || *waiting.slot < *soonest)) soonest = waiting.slot;
  if (!soonest) return std::nullopt;
  const Duration end((*soonest + 1) * thin_.every.count());
  return std::max(Duration(1), end + grace - clock_.wall_time().time_since_epoch());
}

}  // namespace sluice::flow
