#include "gateway/app/notify.h"

#include <algorithm>
#include <chrono>

#include <systemd/sd-daemon.h>

namespace sluice::app {

Notify::Notify() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) > 0)
    watchdog_interval_ = std::chrono::floor<Duration>(std::chrono::microseconds(microseconds)) / 2;
}

void Notify::ready() const {
  sd_notify(0, "READY=1");
}
void Notify::stopping() const {
  sd_notify(0, "STOPPING=1");
}
void Notify::alive() const {
  sd_notify(0, "WATCHDOG=1");
}

void Notify::status(std::string_view text) const {
  std::string state = "STATUS=" + std::string(text);
  // A line end would begin another assignment, READY=1 for example.
  std::replace_if(
      state.begin(), state.end(), [](char c) { return c == '\n' || c == '\0'; }, ' ');
  sd_notify(0, state.c_str());
}

}  // namespace sluice::app
