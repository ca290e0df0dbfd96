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

/// Takes characters from the front of a text; what does not fit makes it wrong for good.
class Taker {
 public:
  explicit Taker(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!next_is_digit()) return wrong();
      number = number * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }

  char any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return wrong(), '\0';
    const char taken = rest_.front();
    rest_.remove_prefix(1);
    return taken;
  }

  /// ".123456" as whole milliseconds; 0 without a point.
  int fraction_ms() {
    if (!rest_.starts_with('.')) return 0;
    rest_.remove_prefix(1);
    if (!next_is_digit()) return wrong();
    int ms = 0;
    for (int weight = 100; next_is_digit(); weight /= 10) {
      ms += weight * (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return ms;
  }

  bool ended_well() const { return good_ && rest_.empty(); }

 private:
  bool next_is_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int wrong() {
    good_ = false;
    return 0;
  }

  std::string_view rest_;
  bool good_ = true;
};

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

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Taker taker(text);
  const int year = taker.digits(4);
  taker.any_of("-");
  const int month = taker.digits(2);
  taker.any_of("-");
  const int day = taker.digits(2);
  taker.any_of("Tt ");
  const int hour = taker.digits(2);
  taker.any_of(":");
  const int minute = taker.digits(2);
  taker.any_of(":");
  int second = taker.digits(2);
  int ms = taker.fraction_ms();
  const char sign = taker.any_of("Zz+-");
  int offset_hours = 0, offset_minutes = 0;
  if (sign == '+' || sign == '-') {
    offset_hours = taker.digits(2);
    taker.any_of(":");
    offset_minutes = taker.digits(2);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!taker.ended_well() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  if (offset_hours > 23 || offset_minutes > 59) return std::nullopt;
  // A leap second (RFC 3339 section 5.7) has no time of its own in Timestamp.
  if (second == 60) ms = 999;
  if (second == 60) second = 59;
  const std::chrono::minutes offset(offset_hours * 60 + offset_minutes);
  const Timestamp local = Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                          std::chrono::minutes(minute) + std::chrono::seconds(second) + Duration(ms);
  return sign == '-' ? local + offset : local - offset;
}

}  // namespace sluice
