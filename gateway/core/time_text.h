#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice {

/// RFC 3339 in UTC: "2026-03-01T09:00:00Z", with ".123" before the Z where there are milliseconds. Years outside
/// 0000-9999, which RFC 3339 cannot write, are cut to its ends.
void append_rfc3339(std::string& out, Timestamp time);
std::string rfc3339(Timestamp time);

/// RFC 3339 with an offset or Z, and no more: nothing for a day or an hour that there is not. What is finer than a
/// millisecond is cut off; a leap second is the end of the one before it.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace sluice
