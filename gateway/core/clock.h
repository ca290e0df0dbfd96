#pragma once

#include <chrono>

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
};

/// The machine's clocks. `synced` asks the kernel (adjtimex(2): not STA_UNSYNC), and wants a year of 2024 or later.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  Timestamp wall_time() const override;
  bool synced() const override;
};

}  // namespace sluice
