#include "gateway/app/notify.h"

#include <algorithm>
#include <chrono>

#include <systemd/sd-daemon.h>
#include <time.h>

namespace sluice::app {

Notify::Notify() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) > 0)
    watchdog_interval_ = std::chrono::floor<Duration>(std::chrono::microseconds(microseconds)) / 2;
}

void Notify::ready() const {
  sd_notify(0, "READY=1");
}
void Notify::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // what it is compared with (sd_notify(3), MONOTONIC_USEC=)
  const std::string state =
      "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000 + now.tv_nsec / 1000);
  sd_notify(0, state.c_str());
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
