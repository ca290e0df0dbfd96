#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::normalize {

/// Numbers as devices write them: "21.5", "00750", "+3", ".5", "5.", "1e5"; never hex, NaN or infinity. `decimal` is
/// the only decimal sign that counts; thousands separators are not numbers.

/// Appends the number as JSON (RFC 8259 section 6), digit for digit; false and nothing if `text` is no number.
bool append_number(std::string& out, std::string_view text, char decimal = '.');

/// The number's value; nothing if it is none, or beyond a double.
std::optional<double> parse_number(std::string_view text, char decimal = '.');

/// Whether this is a number as people write plain ones: "-21.5", "0"; not "007", "1e5", "+3", which may well be names.
bool is_plain_number(std::string_view text, char decimal = '.');

/// How a whole number is written where it is not simply decimal.
struct IntegerForm {
  int base = 10;
  int bits = 0;  ///< so many, of which the highest is the sign (two's complement); 0: a sign is written

  bool is_plain() const { return base == 10 && bits == 0; }
};

/// Appends a whole number in such a form, "0x" and the like before it or not, as decimal digits; false and nothing if
/// `text` is none, or too large for its bits, or for 64.
bool append_integer(std::string& out, std::string_view text, const IntegerForm& form);

/// Appends a finite number with at most 15 significant digits, so that 203 * 0.1 is 20.3; whole ones with all theirs.
/// `largest` is the largest number that it was added up from: what is below the 15 digits of that one is noise, so that
/// 401 * 0.1 - 40 is 0.1.
void append_double(std::string& out, double number, double largest = 0);

}  // namespace sluice::normalize
