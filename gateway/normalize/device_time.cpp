#include "gateway/normalize/device_time.h"

#include <chrono>
#include <cmath>

#include <cctz/civil_time.h>

#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

using namespace std::chrono_literals;

constexpr Timestamp sane_from = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr Duration sane_ahead = 24h;
constexpr std::size_t text_size_max = 100;

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
  std::string_view text_;
};

/// Seconds east of Greenwich; nothing where there is no offset.
std::optional<int> read_offset(Scanner& scan) {
  if (scan.take("Zz")) return 0;
  const bool west = scan.take("-");
  if (!west && !scan.take("+")) return std::nullopt;
  int seconds = scan.digits(2) * 3600;
  if (scan.take(":") || scan.starts_with_digit()) seconds += scan.digits(2) * 60;
  if (seconds > 24 * 3600) scan.failed = true;
  return west ? -seconds : seconds;
}

std::optional<Timestamp> read_epoch(std::string_view text, double ms_each) {
  const std::optional<double> number = parse_number(text);
  if (!number) return std::nullopt;
  const double ms = *number * ms_each;
  if (!(std::abs(ms) < 1e15)) return std::nullopt;
  return Timestamp(Duration(static_cast<std::int64_t>(std::round(ms))));
}

}  // namespace

std::optional<Timestamp> parse_iso8601(std::string_view text, Timestamp received_at, const cctz::time_zone& zone) {
  Scanner scan(text);
  const int year = scan.digits(4);
  scan.need("-");
  const int month = scan.digits(2);
  scan.need("-");
  const int day = scan.digits(2);
  scan.need("Tt ");
  const int hour = scan.digits(2);
  scan.need(":");
  const int minute = scan.digits(2);
  const int second = scan.take(":") ? scan.digits(2) : 0;
  const int ms = scan.take(".,") ? scan.fraction() : 0;
  const std::optional<int> offset = read_offset(scan);
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
  time.pattern_ = schema.format;
  if (schema.format == "epoch_s")
    time.format_ = Format::epoch_s;
  else if (schema.format == "epoch_ms")
    time.format_ = Format::epoch_ms;
  else if (!schema.format.empty())
    time.format_ = Format::pattern;
  if (time.format_ != Format::pattern) return time;
  if (schema.format.find('%') == std::string::npos) {
    problems.add(schema.place,
                 "'format' must be iso8601, epoch_s, epoch_ms or a strptime pattern such as %d.%m.%Y %H:%M, not '" +
                     schema.format + "'" + did_you_mean(schema.format, {"iso8601", "epoch_s", "epoch_ms"}));
    return std::nullopt;
  }
  for (const std::string_view offset : {"%z", "%Ez", "%E*z", "%s"})
    if (schema.format.find(offset) != std::string::npos) time.pattern_has_offset_ = true;
  return time;
}

std::optional<Timestamp> DeviceTime::read_pattern(std::string_view text, Timestamp received_at,
                                                  const cctz::time_zone& zone) const {
  cctz::time_point<Duration> parsed;
  if (!cctz::parse(pattern_, std::string(text), cctz::utc_time_zone(), &parsed)) return std::nullopt;
  if (pattern_has_offset_) return Timestamp(parsed.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(parsed);
  return from_civil(cctz::convert(whole, cctz::utc_time_zone()), zone, received_at) + (parsed - whole);
}

std::optional<Timestamp> DeviceTime::read(std::string_view text, Timestamp received_at,
                                          const cctz::time_zone& local) const {
  if (text.size() > text_size_max) return std::nullopt;
  const cctz::time_zone& zone = zone_ ? *zone_ : local;
  std::optional<Timestamp> time;
  switch (format_) {
    case Format::iso8601:
      time = parse_iso8601(text, received_at, zone);
      break;
    case Format::epoch_s:
      time = read_epoch(text, 1000);
      break;
    case Format::epoch_ms:
      time = read_epoch(text, 1);
      break;
    case Format::pattern:
      time = read_pattern(text, received_at, zone);
      break;
  }
  if (!time || *time < sane_from || *time > received_at + sane_ahead) return std::nullopt;
  return time;
}

}  // namespace sluice::normalize
