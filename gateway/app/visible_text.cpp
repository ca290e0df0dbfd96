#include "gateway/app/visible_text.h"

#include <cstdint>

#include "gateway/core/json_text.h"

namespace sluice::app {

namespace {

/// The length of the UTF-8 character at the front, 0 if there is none.
std::size_t character(std::string_view text) {
  const auto first = static_cast<std::uint8_t>(text[0]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return text.size() >= length && is_utf8(text.substr(0, length)) ? length : 0;
}

/// The code of a character beyond ASCII that is not shown but acts: C1 controls, line and paragraph separators, and
/// what turns the reading direction (UAX #9 section 2); 0 for all others.
std::uint32_t acting(std::string_view c) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(c[i]); };
  std::uint32_t code = 0;
  if (c.size() == 2) code = (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu);
  if (c.size() == 3) code = (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  const bool acts = (code >= 0x80 && code <= 0x9f) || code == 0x061c || code == 0x200e || code == 0x200f ||
                    (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return acts ? code : 0;
}

void append_hex(std::string& out, std::string_view prefix, std::uint32_t value, int digits) {
  out += prefix;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 15];
}

void append_control(std::string& out, char c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    append_hex(out, "\\x", static_cast<std::uint8_t>(c), 2);
  }
}

}  // namespace

void append_visible(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length == 0 || static_cast<std::uint8_t>(text[0]) < 0x20 || text[0] == 0x7f)
      append_control(out, text[0]);
    else if (const std::uint32_t code = acting(text.substr(0, length)))
      append_hex(out, "\\u", code, 4);
    else
      out.append(text, 0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
}

std::string visible(std::string_view text) {
  std::string out;
  append_visible(out, text);
  return out;
}

void append_json_visible(std::string& out, std::string_view text) {
  std::string json;
  append_json_string(json, text);
  for (std::string_view rest = json; !rest.empty();) {
    const std::string_view c = rest.substr(0, character(rest));
    if (const std::uint32_t code = acting(c))
      append_hex(out, "\\u", code, 4);
    else
      out += c;
    rest.remove_prefix(c.size());
  }
}

}  // namespace sluice::app
