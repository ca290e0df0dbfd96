#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using Duration = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;  ///< UTC
using Instant = std::chrono::steady_clock::time_point;               ///< never jumps, means nothing across a restart

/// Time, as a port: tests bring their own. All methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Timestamp wall_time() const = 0;
  /// Whether wall_time can be trusted: a Pi without a real-time clock starts in the past until NTP has answered.
  virtual bool synced() const = 0;
  /// Which run of the machine this is: a number that no other run has; 0 where that cannot be told.
  virtual std::int64_t boot() const = 0;
  /// How long this run has lasted, by a clock that never jumps, also while the machine sleeps.
  virtual Duration uptime() const = 0;
};

/// When the machine was started, by its wall clock: this is wrong by what that clock is wrong by now.
inline Timestamp started_at(const Clock& clock) {
  return clock.wall_time() - clock.uptime();
}

/// The machine's clocks. `synced` asks the kernel (adjtimex(2): not STA_UNSYNC), and wants a year of 2024 or later.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Timestamp wall_time() const override;
  bool synced() const override;
  std::int64_t boot() const override;
  Duration uptime() const override;
};

}  // namespace sluice
