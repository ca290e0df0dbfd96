#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice {

/// "250ms" "30s" "15m" "12h" "7d"; at most 100 years.
std::optional<Duration> parse_duration(std::string_view text);

/// "512B" "64KiB" "1MiB" "2GiB", or a bare number of bytes.
std::optional<std::int64_t> parse_size(std::string_view text);

}  // namespace sluice
