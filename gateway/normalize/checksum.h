#pragma once

#include <optional>
#include <string_view>

#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// Takes off what NMEA 0183 puts round a sentence: `$` or `!` before it, and `*hh` behind, which must be all its bytes
/// XORed. A sentence without `*hh` passes. Otherwise a refusal, and the text stays.
std::optional<Refusal> take_checksum(std::string_view& sentence);

}  // namespace sluice::normalize
