#pragma once

#include "gateway/core/clock.h"

namespace sluice::local_broker {

/// Which version of MQTT to speak next: 5, unless the broker does not know it. Then 3.1.1, and 5 again after an hour:
/// the broker may have been updated meanwhile. One thread.
class ProtocolChoice {
 public:
  /// 5, or 4 for 3.1.1: the level in CONNECT (MQTT 5 section 3.1.2.2).
  int level(Instant now) const { return now < older_until_ ? 4 : 5; }

  /// The broker said that it does not speak this version.
  void refused(int level, Instant now) { older_until_ = level == 5 ? now + older_for : now; }
  /// The broker cut the connection before it answered, as some that do not know version 5 do. Once may be an accident.
  void cut_unanswered(int level, Instant now) {
    if (level == 4 || ++cuts_ >= 2) {
      cuts_ = 0;
      refused(level, now);
    }
  }
  void accepted() { cuts_ = 0; }

 private:
  static constexpr std::chrono::hours older_for{1};
  Instant older_until_ = Instant::min();
  int cuts_ = 0;
};

}  // namespace sluice::local_broker
