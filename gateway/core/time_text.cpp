#include "gateway/core/time_text.h"

#include <algorithm>
#include <cstdint>

namespace sluice {

namespace {

constexpr Timestamp first = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Timestamp last = Timestamp(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)) - Duration(1);

void append_digits(std::string& out, std::uint32_t value, int count) {
  char digits[8];
  for (int i = count - 1; i >= 0; --i, value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(count));
}

}  // namespace

void append_rfc3339(std::string& out, Timestamp time) {
  time = std::clamp(time, first, last);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto ms = static_cast<std::uint32_t>((time - day).count());
  append_digits(out, static_cast<std::uint32_t>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, ms / 3'600'000, 2);
  out += ':';
  append_digits(out, ms / 60'000 % 60, 2);
  out += ':';
  append_digits(out, ms / 1000 % 60, 2);
  if (ms % 1000 != 0) {
    out += '.';
    append_digits(out, ms % 1000, 3);
  }
  out += 'Z';
}

std::string rfc3339(Timestamp time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

}  // namespace sluice
