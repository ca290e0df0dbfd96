#include "gateway/store/clock_trust.h"

#include <algorithm>

namespace sluice::store {

namespace {
using namespace std::chrono_literals;
constexpr Duration jump_min = 1min;
constexpr Duration rest_after_start = 1min;
constexpr Duration rest_after_jump = 1h;

bool apart(Duration a, Duration b) {
  return a > b + jump_min || b > a + jump_min;
}
}  // namespace

void ClockTrust::look(const Clock& clock) {
  const Look now{clock.now(), clock.wall_time()};
  if (!from_) from_ = now.steady + rest_after_start;
  if (last_) {
    const auto steady = std::chrono::duration_cast<Duration>(now.steady - last_->steady);
    if (apart(now.wall - last_->wall, steady)) from_ = std::max(*from_, now.steady + rest_after_jump);
  }
  if (!clock.synced()) from_ = std::max(*from_, now.steady + rest_after_start);
  last_ = now;
  trusted_ = now.steady >= *from_;
}

}  // namespace sluice::store
