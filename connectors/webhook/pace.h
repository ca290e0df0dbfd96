#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <string_view>
#include <utility>

#include "gateway/core/clock.h"

namespace sluice::webhook {

/// When to ask for commands again. One thread.
class Pace {
 public:
  /// A request that took as long was held by the endpoint until it had something to say: a long poll.
  static constexpr Duration held_least = std::chrono::seconds(1);
  static bool held(Duration took) { return took >= held_least; }
  /// And if it had nothing to say in the end: longer than an endpoint takes that is merely slow.
  static bool held_in_vain(Duration took) { return took >= 5 * held_least; }

  /// Network, overload: full jitter up to a bound that doubles from 0.5 s to a minute.
  Duration soon() {
    const Duration rest(std::uniform_int_distribution<Duration::rep>(1, bound_.count())(random_));
    bound_ = std::min(bound_ * 2, bound_most);
    return rest;
  }
  /// Something that a person has to mend: 1 minute, 2, 4 … 15.
  Duration seldom() {
    const Duration rest = pause_;
    pause_ = std::min(pause_ * 2, pause_most);
    return rest;
  }
  void worked() {
    bound_ = bound_first;
    pause_ = pause_first;
  }

  /// Whether to ask again at once after these commands. So it is with an endpoint that holds requests; what came while
  /// the last commands were stored it answers without holding, so some such answers in a row count too. Not if the same
  /// comes again: an endpoint may well repeat a command until it has heard of its outcome.
  bool at_once(Duration took, std::string_view commands) {
    const std::size_t digest = std::hash<std::string_view>()(commands);
    const bool repeated = std::exchange(last_, digest) == digest;
    if (held(took)) unheld_left_ = unheld_most;
    if (repeated || unheld_left_ == 0) return false;
    --unheld_left_;
    return true;
  }

 private:
  static constexpr Duration bound_first = Duration(500);
  static constexpr Duration bound_most = std::chrono::seconds(60);
  static constexpr Duration pause_first = std::chrono::minutes(1);
  static constexpr Duration pause_most = std::chrono::minutes(15);
  static constexpr int unheld_most = 10;

  std::minstd_rand random_{std::random_device()()};
  Duration bound_ = bound_first;
  Duration pause_ = pause_first;
  std::size_t last_ = 0;  ///< digest of the last commands
  int unheld_left_ = 0;   ///< how often it may still be asked at once with no request held
};

}  // namespace sluice::webhook
