#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::normalize {

/// Base 64 with padding (RFC 4648 section 4).
void append_base64(std::string& out, std::string_view bytes);
std::optional<std::string> parse_base64(std::string_view text);

}  // namespace sluice::normalize
