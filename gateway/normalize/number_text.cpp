#include "gateway/normalize/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>

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

constexpr int digits_max = 15;
/// Whole numbers up to here are exact in a double (2^53).
constexpr double exact_max = 9007199254740992.0;

/// 2 for 100 to 999.
int magnitude(double number) {
  return static_cast<int>(std::floor(std::log10(std::abs(number))));
}

bool has_prefix(std::string_view text, int base) {
  if (text.size() < 3 || text[0] != '0') return false;
  const char letter = static_cast<char>(text[1] | 0x20);
  return (base == 16 && letter == 'x') || (base == 8 && letter == 'o') || (base == 2 && letter == 'b');
}

void append_digits(std::string& out, std::uint64_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
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

bool append_integer(std::string& out, std::string_view text, const IntegerForm& form) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (has_prefix(text, form.base)) text.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, form.base);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (form.bits > 0) {
    const std::uint64_t sign = std::uint64_t{1} << (form.bits - 1);
    const std::uint64_t all = sign | (sign - 1);
    if (number > (negative ? sign : all)) return false;
    if (!negative && (number & sign) != 0) {
      number = all - number + 1;
      negative = true;
    }
  }
  if (negative && number > 0) out += '-';
  append_digits(out, number);
  return true;
}

void append_double(std::string& out, double number, double largest) {
  int digits = digits_max;
  if (std::abs(largest) > std::abs(number) && number != 0) digits -= magnitude(largest) - magnitude(number);
  if (number == 0 || digits < 1) {
    out += '0';
    return;
  }
  char text[32];
  const bool whole = std::trunc(number) == number && std::abs(number) <= exact_max;
  const auto [end, error] = whole ? std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(number))
                                  : std::to_chars(text, text + sizeof text, number, std::chars_format::general, digits);
  out.append(text, end);
}

}  // namespace sluice::normalize
