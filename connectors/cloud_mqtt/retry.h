#pragma once

#include <algorithm>
#include <random>

#include "connectors/mqtt/back_off.h"
#include "gateway/core/clock.h"

namespace sluice::cloud_mqtt {

/// How long to rest before the next attempt to connect, by what ended the last one. One thread.
class Retry {
 public:
  /// Network, restart, overload: full jitter up to a bound that doubles to a minute.
  Duration soon() { return back_off_.next(); }
  /// Something that a person has to mend: 1 minute, 2, 4 … 15.
  Duration seldom() {
    const Duration rest = pause_;
    pause_ = std::min(pause_ * 2, pause_most);
    return rest;
  }
  /// Two clients that throw each other out must not do so for ever as fast as they can.
  Duration after_takeover() {
    return Duration(
        std::uniform_int_distribution<Duration::rep>(takeover_least.count(), 2 * takeover_least.count())(random_));
  }
  /// The cloud has acknowledged something, or the connection has held: not merely greeted, since a cloud that throttles
  /// does that too.
  void worked() {
    back_off_.reset();
    pause_ = pause_first;
  }

 private:
  static constexpr Duration most = std::chrono::seconds(60);
  static constexpr Duration pause_first = std::chrono::minutes(1);
  static constexpr Duration pause_most = std::chrono::minutes(15);
  static constexpr Duration takeover_least = std::chrono::seconds(30);
  mqtt::BackOff back_off_{most};
  Duration pause_ = pause_first;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace sluice::cloud_mqtt
