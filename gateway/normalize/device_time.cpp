#include "gateway/normalize/device_time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <cctz/civil_time.h>

#include "gateway/core/unsynced.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

using namespace std::chrono_literals;

constexpr Timestamp sane_from = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr Timestamp sane_until = std::chrono::sys_days(std::chrono::year(2100) / 1 / 1);
/// A clock that is synced shows 2024 or later, so that much before it is never before 2020.
constexpr Duration sane_behind = 4 * 365 * 24h;
constexpr std::size_t text_size_max = 100;
constexpr double ms_max = 1e15;

/// Numbers that count from a fixed moment.
struct Epoch {
  std::string_view name;
  double ms_each;  ///< 0: the number's size tells
  Duration start;
};
constexpr std::array epochs = {
    Epoch{"epoch", 0, 0ms},       Epoch{"epoch_s", 1000, 0ms},  Epoch{"epoch_ms", 1, 0ms},
    Epoch{"epoch_us", 1e-3, 0ms}, Epoch{"epoch_ns", 1e-6, 0ms}, Epoch{"epoch_2000", 1000, 946'684'800s},
};

/// Seconds, milli-, micro- or nanoseconds: each has the years 1973 to 5138 to itself.
double ms_each_by_size(double number) {
  const double size = std::abs(number);
  return size < 1e11 ? 1000 : size < 1e14 ? 1 : size < 1e17 ? 1e-3 : 1e-6;
}

bool is_sane(Timestamp time, const Reception& reception) {
  return time >= sane_from && time <= (reception.synced ? reception.at + device_ahead_max : sane_until);
}

/// A clock's reading in a zone, as UTC.
Timestamp from_civil(const cctz::civil_second& civil, const cctz::time_zone& zone, Timestamp received_at) {
  const cctz::time_zone::civil_lookup found = zone.lookup(civil);
  const auto pre = std::chrono::time_point_cast<Duration>(found.pre);
  if (found.kind != cctz::time_zone::civil_lookup::REPEATED) return pre;
  const auto post = std::chrono::time_point_cast<Duration>(found.post);
  return std::chrono::abs(received_at - post) < std::chrono::abs(received_at - pre) ? post : pre;
}

/// Takes digits and signs off the front of a text; what is not there makes `failed` true for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int digits(std::size_t count) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= text_.size() || text_[i] < '0' || text_[i] > '9')
        failed = true;
      else
        number = number * 10 + (text_[i] - '0');
    }
    if (!failed) text_.remove_prefix(count);
    return number;
  }
  bool take(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_[0]) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void need(std::string_view any_of) { failed = !take(any_of) || failed; }
  bool take_word(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  /// "Sun ", "Sunday, ": which day it is follows from the date.
  void skip_week_day() {
    const std::size_t word = std::min(text_.find_first_of(" ,"), text_.size());
    if (word < 3 || !std::all_of(text_.begin(), text_.begin() + word, is_letter)) return;
    text_.remove_prefix(word);
    take(",");
    need(" ");
  }
  bool starts_with_digit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
  bool done() const { return text_.empty(); }

  /// A fraction of a second in milliseconds: any number of digits, what is smaller is cut.
  int fraction() {
    int ms = 0;
    int scale = 100;
    if (!starts_with_digit()) failed = true;
    while (starts_with_digit()) {
      ms += scale * (text_[0] - '0');
      scale /= 10;
      text_.remove_prefix(1);
    }
    return ms;
  }

  bool failed = false;

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  std::string_view text_;
};

/// Seconds east of Greenwich; nothing where there is no offset.
std::optional<int> read_offset(Scanner& scan) {
  if (scan.take("Zz") || scan.take_word("UTC") || scan.take_word("GMT")) return 0;
  const bool west = scan.take("-");
  if (!west && !scan.take("+")) return std::nullopt;
  int seconds = scan.digits(2) * 3600;
  if (scan.take(":") || scan.starts_with_digit()) seconds += scan.digits(2) * 60;
  if (seconds > 24 * 3600) scan.failed = true;
  return west ? -seconds : seconds;
}

std::optional<double> read_number(std::string_view text, std::size_t base) {
  if (base == 10) return parse_number(text);
  if (base == 16 && (text.starts_with("0x") || text.starts_with("0X"))) text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, static_cast<int>(base));
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<double>(number);
}

/// Nothing where it is beyond all calendars.
std::optional<Duration> milliseconds(double ms) {
  if (!(std::abs(ms) < ms_max)) return std::nullopt;
  return Duration(static_cast<std::int64_t>(std::round(ms)));
}

/// A clock that shows only the time of day: the day on which it shows that nearest to the reception.
Timestamp nearest_day(const cctz::civil_second& clock, const cctz::time_zone& zone, Timestamp received_at) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(received_at);
  const cctz::civil_day today(cctz::convert(whole, zone));
  std::optional<Timestamp> nearest;
  for (const cctz::civil_day day : {today - 1, today, today + 1}) {
    const cctz::civil_second civil(day.year(), day.month(), day.day(), clock.hour(), clock.minute(), clock.second());
    const Timestamp time = from_civil(civil, zone, received_at);
    if (!nearest || std::chrono::abs(received_at - time) < std::chrono::abs(received_at - *nearest)) nearest = time;
  }
  return *nearest;
}

/// Whether a strptime pattern has one of these letters after a %, its modifiers aside.
bool asks_for(std::string_view pattern, std::string_view letters) {
  for (std::size_t at = pattern.find('%'); at != std::string_view::npos; at = pattern.find('%', at + 1)) {
    at = pattern.find_first_not_of("EO*#0123456789", at + 1);
    if (at == std::string_view::npos) return false;
    if (letters.find(pattern[at]) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::optional<Timestamp> parse_iso8601(std::string_view text, Timestamp received_at, const cctz::time_zone& zone) {
  Scanner scan(text);
  scan.skip_week_day();
  const int year = scan.digits(4);
  const bool basic = scan.starts_with_digit();
  if (!basic) scan.need("-");
  const int month = scan.digits(2);
  if (!basic) scan.need("-");
  const int day = scan.digits(2);
  scan.need("Tt ");
  scan.skip_week_day();
  const int hour = scan.digits(2);
  if (!basic) scan.need(":");
  const int minute = scan.digits(2);
  const int second = (basic ? scan.starts_with_digit() : scan.take(":")) ? scan.digits(2) : 0;
  const int ms = scan.take(".,") ? scan.fraction() : 0;
  const bool blank = scan.take(" ");
  const std::optional<int> offset = read_offset(scan);
  if (blank && !offset) return std::nullopt;
  if (scan.failed || !scan.done() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  // A civil time is normalised: 31 February would become 3 March.
  if (const cctz::civil_day date(year, month, day); date.month() != month || date.day() != day) return std::nullopt;
  const cctz::civil_second civil(year, month, day, hour, minute, second);
  if (!offset) return from_civil(civil, zone, received_at) + Duration(ms);
  const auto since_1970 = std::chrono::seconds(civil - cctz::civil_second(1970, 1, 1) - *offset);
  return Timestamp(since_1970) + Duration(ms);
}

std::optional<cctz::time_zone> find_zone(const std::string& name) {
  if (name.empty()) return cctz::local_time_zone();
  cctz::time_zone zone;
  // A name is looked up as a file below the zone database: it must not lead out of it.
  if (name.front() == '/' || name.find("..") != std::string::npos || !cctz::load_time_zone(name, &zone))
    return std::nullopt;
  return zone;
}

bool is_timezone(const std::string& name) {
  return !name.empty() && find_zone(name).has_value();
}

std::optional<DeviceTime> DeviceTime::compile(const TimeSchema& schema, Problems& problems) {
  DeviceTime time;
  if (schema.zone != "local") {
    time.zone_ = find_zone(schema.zone);
    if (!time.zone_ || schema.zone.empty()) {
      problems.add(schema.place,
                   "'zone' must be local or a name such as UTC or Europe/Berlin, not '" + schema.zone + "'");
      return std::nullopt;
    }
  }
  if (!time.compile_format(schema, problems)) return std::nullopt;
  return time;
}

bool DeviceTime::compile_format(const TimeSchema& schema, Problems& problems) {
  const auto wrong = [&](const std::string& text) { return problems.add(schema.place, text), false; };
  const auto epoch =
      std::find_if(epochs.begin(), epochs.end(), [&](const Epoch& each) { return each.name == schema.format; });
  if (epoch != epochs.end()) {
    format_ = Format::epoch;
    ms_each_ = epoch->ms_each;
    epoch_ = epoch->start;
    below_ = schema.relative_below;
    base_ = schema.base;
    if (base_ < 2) return wrong("'base' must be from 2 to 36");
    return !schema.date || wrong("'date' needs a strptime pattern as 'format', which is of \"DATE TIME\"");
  }
  if (schema.relative_below) return wrong("'relative_below' is for numbers: say 'format: epoch_s', or another epoch");
  if (schema.base != 10) return wrong("'base' is for numbers: say 'format: epoch_s', or another epoch");
  if (!schema.format.empty()) return compile_pattern(schema, problems);
  return !schema.date || wrong("'date' needs a strptime pattern as 'format', which is of \"DATE TIME\"");
}

bool DeviceTime::compile_pattern(const TimeSchema& schema, Problems& problems) {
  format_ = Format::pattern;
  pattern_ = schema.format;
  date_beside_ = schema.date.has_value();
  if (pattern_.find('%') == std::string::npos) {
    std::vector<std::string_view> names = {"iso8601"};
    for (const Epoch& epoch : epochs) names.push_back(epoch.name);
    problems.add(schema.place,
                 "'format' must be iso8601, epoch, epoch_s, epoch_ms, epoch_us, epoch_ns, epoch_2000 or a strptime "
                 "pattern such as %d.%m.%Y %H:%M, not '" +
                     pattern_ + "'" + did_you_mean(pattern_, names));
    return false;
  }
  pattern_has_offset_ = asks_for(pattern_, "zs");
  pattern_has_date_ = asks_for(pattern_, "YyCGgmbBhdejDFcxsUVW");
  return true;
}

std::optional<DeviceTime::Found> DeviceTime::read(const SaidTime& said, const Reception& reception,
                                                  const Zone& local) const {
  for (const auto& part : {said.at, said.date, said.offset})
    if (part && part->size() > text_size_max) return std::nullopt;
  if (format_ == Format::epoch) return read_epoch(said, reception);
  const std::optional<Timestamp> time = read_calendar(said, reception, zone_ ? *zone_ : local);
  if (!time || !is_sane(*time, reception)) return std::nullopt;
  return Found{*time};
}

std::optional<DeviceTime::Found> DeviceTime::read_epoch(const SaidTime& said, const Reception& reception) const {
  if (!said.at && !said.offset) return std::nullopt;
  const std::optional<double> number = said.at ? read_number(*said.at, base_) : 0;
  const std::optional<double> more = said.offset ? parse_number(*said.offset) : 0;
  if (!number || !more) return std::nullopt;
  const double ms_each = ms_each_ != 0 ? ms_each_ : ms_each_by_size(*number);
  const std::optional<Duration> ms = milliseconds(*number * ms_each + *more * 1000);
  if (!ms) return std::nullopt;
  if (below_ && static_cast<double>(ms->count()) < *below_ * ms_each) {
    const bool sane =
        *ms <= device_ahead_max && (reception.synced ? reception.at + *ms >= sane_from : *ms >= -sane_behind);
    return sane ? std::optional(Found{reception.at + *ms, true}) : std::nullopt;
  }
  const Timestamp time = Timestamp(epoch_ + *ms);
  return is_sane(time, reception) ? std::optional(Found{time}) : std::nullopt;
}

std::optional<Timestamp> DeviceTime::read_calendar(const SaidTime& said, const Reception& reception,
                                                   const Zone& zone) const {
  if (!said.at || (date_beside_ && !said.date)) return std::nullopt;
  const std::string text = date_beside_ ? std::string(*said.date) + ' ' + std::string(*said.at) : std::string(*said.at);
  const std::optional<double> seconds = said.offset ? parse_number(*said.offset) : 0;
  const std::optional<Duration> more = seconds ? milliseconds(*seconds * 1000) : std::nullopt;
  if (!more) return std::nullopt;
  std::optional<Timestamp> time =
      format_ == Format::iso8601 ? parse_iso8601(text, reception.at, zone) : read_pattern(text, reception, zone);
  if (time) *time += *more;
  return time;
}

std::optional<Timestamp> DeviceTime::read_pattern(const std::string& text, const Reception& reception,
                                                  const Zone& zone) const {
  if (!pattern_has_date_ && !reception.synced) return std::nullopt;
  cctz::time_point<Duration> parsed;
  if (!cctz::parse(pattern_, text, cctz::utc_time_zone(), &parsed)) return std::nullopt;
  if (pattern_has_offset_) {
    const Timestamp time(parsed.time_since_epoch());
    return pattern_has_date_ ? time : time + std::chrono::round<std::chrono::days>(reception.at - time);
  }
  const auto whole = std::chrono::floor<std::chrono::seconds>(parsed);
  const cctz::civil_second civil = cctz::convert(whole, cctz::utc_time_zone());
  const Timestamp time =
      pattern_has_date_ ? from_civil(civil, zone, reception.at) : nearest_day(civil, zone, reception.at);
  return time + (parsed - whole);
}

}  // namespace sluice::normalize
