#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Appends `text` as a JSON string with its quotes (RFC 8259 section 7). Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Takes the JSON string that `text` begins with, quotes and all, and answers what it says; nothing, and `text` as it
/// was, if it begins with none that is well-formed.
std::optional<std::string> take_json_string(std::string_view& text);

/// Whether these bytes are well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace sluice
