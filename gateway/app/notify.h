#pragma once

#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice::app {

/// What systemd wants to hear of a service of Type=notify (sd_notify(3)). Without systemd everything here does nothing.
/// Any thread.
class Notify {
 public:
  /// Reads $NOTIFY_SOCKET and $WATCHDOG_USEC (of this process: $WATCHDOG_PID, sd_watchdog_enabled(3)).
  Notify();

  void ready() const;
  /// The configuration is read anew; ready() ends it.
  void reloading() const;
  void status(std::string_view text) const;  ///< one line, shown by `systemctl status`
  void stopping() const;
  /// Tells the watchdog that the loops that do the work have come round. Call it every watchdog_interval(), and only
  /// then: a timer that feeds it come what may would hide a hang.
  void alive() const;

  /// Half of what the unit's WatchdogSec grants; zero: there is no watchdog.
  Duration watchdog_interval() const { return watchdog_interval_; }

 private:
  Duration watchdog_interval_{0};
};

}  // namespace sluice::app
