#include "gateway/normalize/commands.h"

namespace sluice::normalize {

namespace {

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

}  // namespace sluice::normalize
