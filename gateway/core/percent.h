#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Percent-encodes every byte outside RFC 3986's unreserved characters, with upper-case digits: what both a token and a
/// property bag need.
std::string percent_encoded(std::string_view text);

/// What that stands for; a % that no two hexadecimal digits follow stands for itself.
std::string percent_decoded(std::string_view text);

}  // namespace sluice
