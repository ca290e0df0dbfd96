#include "gateway/core/clock.h"

#include <sys/timex.h>

namespace sluice {

namespace {
constexpr Timestamp earliest_sane = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
}

Instant SystemClock::now() const {
  return std::chrono::steady_clock::now();
}

Timestamp SystemClock::wall_time() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool SystemClock::synced() const {
  timex query{};
  const int state = adjtimex(&query);
  return state >= 0 && state != TIME_ERROR && (query.status & STA_UNSYNC) == 0 && wall_time() >= earliest_sane;
}

}  // namespace sluice
