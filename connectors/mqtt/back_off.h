#pragma once

#include <algorithm>
#include <random>

#include "gateway/core/clock.h"

namespace sluice::mqtt {

/// How long to rest before the next attempt: full jitter, a random time up to a bound that doubles from 0.1 s to
/// `most`, so that many clients do not come back to a restarted broker in step. One thread.
class BackOff {
 public:
  explicit BackOff(Duration most) : most_(most) {}

  Duration next() {
    const Duration rest(std::uniform_int_distribution<Duration::rep>(least.count(), bound_.count())(random_));
    bound_ = std::min(bound_ * 2, most_);
    return rest;
  }
  void reset() { bound_ = first; }

 private:
  static constexpr Duration least{10};
  static constexpr Duration first{100};
  const Duration most_;
  std::minstd_rand random_{std::random_device()()};
  Duration bound_ = first;
};

}  // namespace sluice::mqtt
