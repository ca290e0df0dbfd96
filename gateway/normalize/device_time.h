#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cctz/time_zone.h>

#include "gateway/core/clock.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// What a message says of its time; nothing where it lacks a part.
struct SaidTime {
  std::optional<std::string_view> at{}, date{}, offset{};
};

/// When the message came.
struct Reception {
  Timestamp at;
  bool synced = true;  ///< by a clock that can be trusted
};

/// Reads a device's own time. Immutable.
///
/// A time without an offset is one of the zone's clock. Where that clock was put back, an hour comes twice: the one
/// nearer to the time of reception is meant. Where it was put forward, an hour is missing: a device that shows it has
/// not put its clock forward, so the offset from before the change counts. A time of day without a date is the one
/// nearest to the reception.
class DeviceTime {
 public:
  /// Null with a problem where the zone or the format is none, or where what stands beside the format does not suit it.
  static std::optional<DeviceTime> compile(const TimeSchema& schema, Problems& problems);

  struct Found {
    Timestamp time;
    bool counted = false;  ///< from the reception: as right or wrong as the gateway's own clock
  };
  /// Nothing where the text cannot be read, or the time is not sane: before 2020, or more than a day after reception.
  /// Of a reception that is not synced nothing can be told: then up to 2100, and no time of day without a date.
  std::optional<Found> read(const SaidTime& said, const Reception& reception, const cctz::time_zone& local) const;

 private:
  enum class Format { iso8601, epoch, pattern };
  using Zone = cctz::time_zone;

  bool compile_format(const TimeSchema& schema, Problems& problems);
  bool compile_pattern(const TimeSchema& schema, Problems& problems);
  std::optional<Found> read_epoch(const SaidTime& said, const Reception& reception) const;
  std::optional<Timestamp> read_calendar(const SaidTime& said, const Reception& reception, const Zone& zone) const;
  std::optional<Timestamp> read_pattern(const std::string& text, const Reception& reception, const Zone& zone) const;

  Format format_ = Format::iso8601;
  double ms_each_ = 0;           ///< of a number; 0: its size tells
  Duration epoch_{};             ///< where it counts from, since 1970
  std::optional<double> below_;  ///< less counts from the reception
  std::size_t base_ = 10;
  std::string pattern_;
  bool date_beside_ = false;  ///< it is of "DATE TIME"
  bool pattern_has_offset_ = false;
  bool pattern_has_date_ = true;
  std::optional<Zone> zone_;  ///< nothing: the gateway's own
};

/// The zone of that name, or the machine's where it is empty. Nothing where the zone database does not know it.
std::optional<cctz::time_zone> find_zone(const std::string& name);

/// ISO 8601, as far as devices use it: 2026-03-01T10:00:00 or 20260301T100000, with seconds and their fraction
/// optional, a blank for the T, a week day before the date or the time, and Z, UTC, +01:00, +0100 or +01 behind.
std::optional<Timestamp> parse_iso8601(std::string_view text, Timestamp received_at, const cctz::time_zone& zone);

}  // namespace sluice::normalize
