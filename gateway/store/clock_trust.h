#pragma once

#include <optional>

#include "gateway/core/clock.h"

namespace sluice::store {

/// Whether the wall clock may be used to let things go by age. It must be synced and run evenly: for a minute since it
/// was first looked at or became synced, for an hour after it has jumped by more than a minute. A Pi without a
/// real-time clock starts in the past; its first minutes must not make the whole buffer look old, or young. One thread
/// at a time.
class ClockTrust {
 public:
  /// Looks at the clock. To be called every few seconds or more often.
  void look(const Clock& clock);
  bool holds() const { return trusted_; }

 private:
  struct Look {
    Instant steady;
    Timestamp wall;
  };
  std::optional<Look> last_;
  std::optional<Instant> from_;  ///< when trust begins
  bool trusted_ = false;
};

}  // namespace sluice::store
