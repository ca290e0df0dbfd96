#include "gateway/core/clock.h"

#include <charconv>
#include <ctime>
#include <fstream>
#include <string>

#include <sys/timex.h>

namespace sluice {

namespace {
constexpr Timestamp earliest_sane = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);

/// The first 15 digits of the kernel's UUID, of which 4 bits are fixed: 56 random bits.
std::int64_t read_boot() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string digits;
  for (char c = 0; digits.size() < 15 && file.get(c);)
    if (c != '-') digits += c;
  std::int64_t boot = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), boot, 16);
  return boot;
}
}  // namespace

Instant SystemClock::now() const {
  return std::chrono::steady_clock::now();
}

Timestamp SystemClock::wall_time() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool SystemClock::synced() const {
  timex query{};
  const int state = adjtimex(&query);
  return state >= 0 && state != TIME_ERROR && (query.status & STA_UNSYNC) == 0 && wall_time() >= earliest_sane;
}

std::int64_t SystemClock::boot() const {
  static const std::int64_t boot = read_boot();
  return boot;
}

Duration SystemClock::uptime() const {
  timespec since{};
  clock_gettime(CLOCK_BOOTTIME, &since);
  return std::chrono::floor<Duration>(std::chrono::seconds(since.tv_sec) + std::chrono::nanoseconds(since.tv_nsec));
}

}  // namespace sluice
