#pragma once

#include <functional>
#include <utility>

#include "tests/stage/fake_clock.h"

namespace sluice::simulation {

/// The time as the gateway sees it. At some look at it the gateway is killed: it looks before and after each commit,
/// between a command's intent and its PUBLISH, and in many other places, so that death comes anywhere.
class MortalClock final : public Clock {
 public:
  explicit MortalClock(const stage::FakeClock& time) : time_(time) {}

  Instant now() const override { return look(), time_.now(); }
  Timestamp wall_time() const override { return look(), time_.wall_time(); }
  bool synced() const override { return time_.synced(); }
  std::int64_t boot() const override { return time_.boot(); }
  Duration uptime() const override { return time_.uptime(); }

  void die_at(int look, std::function<void()> death) {
    looks_left_ = look;
    death_ = std::move(death);
  }
  void live_on() { looks_left_ = 0; }

 private:
  void look() const {
    if (looks_left_ > 0 && --looks_left_ == 0) death_();
  }
  const stage::FakeClock& time_;
  mutable int looks_left_ = 0;
  std::function<void()> death_;
};

}  // namespace sluice::simulation
