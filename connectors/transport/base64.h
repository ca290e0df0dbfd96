#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::transport {

/// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);

/// Nothing but the alphabet and right padding is taken.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace sluice::transport
