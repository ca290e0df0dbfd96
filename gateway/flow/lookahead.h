#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/verdict.h"
#include "gateway/flow/only.h"
#include "gateway/flow/thin.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// What Thin lets up, and when. Time of acceptance is cut into slots of `every`; of each slot, device and schema the
/// last reading goes up when the slot is over, which a record's id alone decides: a restart decides the same again.
/// While a reading waits for that, later records of its device wait behind it, so that a device's order is kept; other
/// devices go ahead. The outbox settles in order only, so what was decided ahead of its turn is remembered here; if it
/// is lost in a crash, the same records go up again under the same ids.
///
/// Bounded by the bytes of what waits; what is decided costs nothing but its runs. One thread.
class Lookahead {
 public:
  Lookahead(Thin thin, const Clock& clock) : thin_(thin), clock_(clock) {}

  /// Up to where the outbox has been taken in.
  std::int64_t taken() const { return taken_; }
  /// Whether more may be taken in.
  bool room() const;
  /// The next page of the outbox. What the store has dropped meanwhile is forgotten.
  void take(store::Page page, const Only& only);

  /// What may go up now, in order: the same again until judge() is called.
  std::vector<Record> ready(std::size_t count_max, std::int64_t bytes_max);
  /// The cloud's answers to these. Returns the first deferral; null if there is none.
  const Verdict* judge(std::span<const Verdict> verdicts, const std::string& cloud);

  /// The front of the outbox that is decided, for Store::settle: at most some thousands at a time; and the records
  /// among them that were refused.
  struct Decided {
    std::vector<store::Store::Settlement> settlements;
    std::vector<store::Quarantined> refused;
  };
  Decided decided() const;
  /// They are settled.
  void settled(const Decided& front);

  /// How long until the next slot is over that something waits for; nothing if nothing does.
  std::optional<Duration> next_end() const;

 private:
  struct Waiting {
    Record record;
    std::int64_t position = 0;
    std::optional<std::int64_t> slot{};  ///< of a reading that waits for the end of it
  };
  using Queue = std::list<Waiting>;
  /// Of one device and schema.
  struct Course {
    std::optional<Queue::iterator> latest{};  ///< waiting, in the slot that is open
    std::int64_t slot = INT64_MIN;            ///< the last one that had a record
    std::optional<std::uint64_t> sent{};      ///< digest of the last readings that the cloud accepted
  };
  struct Run {
    std::int64_t last;
    store::Settled fate;
  };

  Course* course_of(const Record& record);
  void enqueue(Record record, std::int64_t position);
  void forget_dropped(std::int64_t settled);
  void decide(Queue::iterator waiting, store::Settled fate);
  void decide(std::int64_t position, store::Settled fate);
  bool over(const Waiting& waiting) const;
  bool unchanged(const Record& record);

  const Thin thin_;
  const Clock& clock_;
  std::int64_t taken_ = 0;
  std::int64_t settled_ = 0;
  Timestamp newest_{};      ///< acceptance of what was taken in
  bool all_taken_ = false;  ///< the outbox holds nothing more, or there is no room for it
  Queue waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<Queue::iterator> picked_;  ///< what ready() answered
  std::unordered_map<std::string, Course> courses_;
  std::map<std::int64_t, Run> runs_;  ///< decided, by their first position
  std::map<std::int64_t, store::Quarantined> refused_;
};

}  // namespace sluice::flow
