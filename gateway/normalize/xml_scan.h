#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// Looks through an XML text for what pugixml lets pass (XML 1.0): text or several elements at the top, references to
/// entities that are not there, forbidden characters, elements that are not closed. And for what is never allowed: a
/// DOCTYPE, more than 64 levels, more than 200 000 pieces. Whether tags match is left to pugixml. Linear in the text.
std::optional<Refusal> scan_xml(std::string_view text);

/// The payload as UTF-8 by its own declaration: UTF-8, US-ASCII and ISO-8859-1 are read. `converted` holds the text
/// where it had to be changed.
std::optional<Refusal> decode_xml(std::string_view& payload, std::string& converted);

}  // namespace sluice::normalize
