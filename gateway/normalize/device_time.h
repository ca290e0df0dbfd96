#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cctz/time_zone.h>

#include "gateway/core/clock.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// Reads a device's own time. Immutable.
///
/// A time without an offset is one of the zone's clock. Where that clock was put back, an hour comes twice: the one
/// nearer to the time of reception is meant. Where it was put forward, an hour is missing: a device that shows it has
/// not put its clock forward, so the offset from before the change counts.
class DeviceTime {
 public:
  /// Null with a problem where the zone or the format is none.
  static std::optional<DeviceTime> compile(const TimeSchema& schema, Problems& problems);

  /// Nothing where the text cannot be read, or the time is not sane: before 2020, or more than a day after reception.
  std::optional<Timestamp> read(std::string_view text, Timestamp received_at, const cctz::time_zone& local) const;

 private:
  enum class Format { iso8601, epoch_s, epoch_ms, pattern };
  std::optional<Timestamp> read_pattern(std::string_view text, Timestamp received_at,
                                        const cctz::time_zone& zone) const;

  Format format_ = Format::iso8601;
  std::string pattern_;
  bool pattern_has_offset_ = false;
  std::optional<cctz::time_zone> zone_;  ///< nothing: the gateway's own
};

/// The zone of that name, or the machine's where it is empty. Nothing where the zone database does not know it.
std::optional<cctz::time_zone> find_zone(const std::string& name);

/// ISO 8601, as far as devices use it: 2026-03-01T10:00:00, with seconds and their fraction optional, a blank for the
/// T, and Z, +01:00, +0100 or +01 behind.
std::optional<Timestamp> parse_iso8601(std::string_view text, Timestamp received_at, const cctz::time_zone& zone);

}  // namespace sluice::normalize
