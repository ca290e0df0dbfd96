#include "gateway/core/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace sluice {

namespace {

/// The length of the well-formed UTF-8 sequence at the front of `text`, 0 if there is none (RFC 3629 section 4).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[static_cast<std::uint8_t>(c) >> 4];
      out += digits[c & 15];
    }
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of the run that needs no change
  std::size_t i = 0;
  const auto flush = [&] { out.append(text, plain, i - plain); };
  while (i < text.size()) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = utf8_length(text.substr(i));
      if (length > 0) {
        i += length;
        continue;
      }
      flush();
      out += "\xef\xbf\xbd";
      plain = ++i;
    } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
      flush();
      append_escape(out, text[i]);
      plain = ++i;
    } else {
      ++i;
    }
  }
  flush();
  out += '"';
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

namespace {

std::optional<unsigned> hex4(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc() || end != text.data() + 4) return std::nullopt;
  return value;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

/// What follows \u, of which a character beyond U+FFFF needs two (RFC 8259 section 7).
bool take_unicode(std::string_view& text, std::string& out) {
  std::optional<unsigned> code = hex4(text);
  if (!code || (*code >= 0xdc00 && *code < 0xe000)) return false;
  text.remove_prefix(4);
  if (*code >= 0xd800 && *code < 0xdc00) {
    if (!text.starts_with("\\u")) return false;
    const std::optional<unsigned> low = hex4(text.substr(2));
    if (!low || *low < 0xdc00 || *low >= 0xe000) return false;
    code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
    text.remove_prefix(6);
  }
  append_utf8(out, *code);
  return true;
}

bool take_escape(std::string_view& text, std::string& out) {
  constexpr std::string_view letters = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  if (text.empty()) return false;
  const char letter = text.front();
  text.remove_prefix(1);
  if (letter == 'u') return take_unicode(text, out);
  const std::size_t at = letters.find(letter);
  if (at == std::string_view::npos) return false;
  out += meanings[at];
  return true;
}

}  // namespace

namespace {

/// What may stand between two escapes.
bool is_plain(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return is_utf8(text) && std::none_of(text.begin(), text.end(), is_control);
}

}  // namespace

std::optional<std::string> take_json_string(std::string_view& text) {
  std::string_view rest = text;
  if (!rest.starts_with('"')) return std::nullopt;
  rest.remove_prefix(1);
  std::string out;
  for (;;) {
    const std::size_t plain = rest.find_first_of("\"\\");
    if (plain == std::string_view::npos || !is_plain(rest.substr(0, plain))) return std::nullopt;
    out += rest.substr(0, plain);
    const bool end = rest[plain] == '"';
    rest.remove_prefix(plain + 1);
    if (end) break;
    if (!take_escape(rest, out)) return std::nullopt;
  }
  text = rest;
  return out;
}

}  // namespace sluice
