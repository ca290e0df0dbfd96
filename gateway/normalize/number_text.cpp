#include "gateway/normalize/number_text.h"

#include <charconv>
#include <cmath>

namespace sluice::normalize {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

/// A number's parts, without its sign and leading zeros.
struct Parts {
  bool negative = false;
  std::string_view whole, fraction, exponent;
  bool exponent_negative = false;
};

std::optional<Parts> split(std::string_view text, char decimal) {
  Parts parts;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    parts.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  parts.whole = take_digits(text);
  if (!text.empty() && text[0] == decimal) {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
  }
  if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
      parts.exponent_negative = text[0] == '-';
      text.remove_prefix(1);
    }
    parts.exponent = take_digits(text);
    if (parts.exponent.empty()) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  while (parts.whole.size() > 1 && parts.whole[0] == '0') parts.whole.remove_prefix(1);
  return parts;
}

}  // namespace

bool append_number(std::string& out, std::string_view text, char decimal) {
  const std::optional<Parts> parts = split(text, decimal);
  if (!parts) return false;
  if (parts->negative) out += '-';
  out += parts->whole.empty() ? std::string_view("0") : parts->whole;
  if (!parts->fraction.empty()) (out += '.') += parts->fraction;
  if (!parts->exponent.empty()) ((out += 'e') += parts->exponent_negative ? "-" : "") += parts->exponent;
  return true;
}

std::optional<double> parse_number(std::string_view text, char decimal) {
  std::string json;
  if (!append_number(json, text, decimal)) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), number);
  // Too small for a double is as good as zero; too large is no value.
  if (error == std::errc::result_out_of_range && json.find("e-") != std::string::npos) return 0.0;
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool is_plain_number(std::string_view text, char decimal) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  const std::string_view whole = take_digits(text);
  if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return false;
  if (text.empty()) return true;
  if (text[0] != decimal) return false;
  text.remove_prefix(1);
  return !take_digits(text).empty() && text.empty();
}

void append_double(std::string& out, double number) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, 15);
  out.append(digits, end);
}

}  // namespace sluice::normalize
