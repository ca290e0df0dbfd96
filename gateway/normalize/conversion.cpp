#include "gateway/normalize/conversion.h"

#include <charconv>
#include <cmath>

#include "gateway/core/json_text.h"
#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

/// Longer ones are no measurements; what reads the events may choke on them.
constexpr std::size_t number_size_max = 40;
/// Whole numbers up to here are exact in a double (2^53).
constexpr double exact_max = 9007199254740992.0;

Conversion::Result refuse(std::string& reason, std::string_view why, const Value& value) {
  reason = std::string(why) + ": '" + excerpt(value.text) + "'";
  return Conversion::Result::refused;
}

Value value_of(const Scalar& scalar) {
  switch (scalar.kind) {
    case Scalar::Kind::boolean:
      return {Value::Kind::boolean, scalar.text};
    case Scalar::Kind::number:
      return {Value::Kind::number, scalar.text};
    case Scalar::Kind::string:
      return {Value::Kind::text, scalar.text};
    case Scalar::Kind::null:
      break;
  }
  return {};
}

bool is_whole(std::string_view text) {
  return text.find_first_not_of("-0123456789") == std::string_view::npos;
}

std::string number_limit(double number) {
  std::string out;
  append_double(out, number);
  return out;
}

}  // namespace

const Scalar* find_mapped(const ValueMap& map, const Value& value) {
  for (const auto& [from, to] : map)
    if (from == value.text) return &to;
  if (value.kind != Value::Kind::number) return nullptr;
  const std::optional<double> number = parse_number(value.text);
  for (const auto& [from, to] : map)
    if (number && parse_number(from) == number) return &to;
  return nullptr;
}

bool is_same(const Scalar& wanted, const Value& value) {
  if (wanted.kind == Scalar::Kind::null || value.kind == Value::Kind::structure) return false;
  if (!value.present()) return false;
  if (wanted.text == value.text) return true;
  if (wanted.kind != Scalar::Kind::number) return false;
  const std::optional<double> number = parse_number(value.text);
  return number && number == parse_number(wanted.text);
}

Conversion::Conversion(const ReadingSchema& reading, Format format, char decimal)
    : type_(reading.type),
      all_is_text_(format != Format::json),
      structures_refused_(reading.type != ValueType::natural),
      scales_(reading.scale || reading.offset),
      scale_(reading.scale.value_or(1)),
      offset_(reading.offset.value_or(0)),
      min_(reading.min),
      max_(reading.max),
      map_(reading.map),
      decimal_(decimal) {
  const bool numeric = scales_ || min_ || max_ || !reading.unit.text.empty() || reading.unit.at;
  if (type_ == ValueType::natural && map_.empty() && numeric) type_ = ValueType::number;
}

Conversion::Result Conversion::convert(const Value& value, std::string& out, std::string& reason) const {
  if (!value.present()) return Result::absent;
  if (value.kind == Value::Kind::structure) {
    if (!structures_refused_) return Result::absent;
    reason = "not a value: an object or a list stands there";
    return Result::refused;
  }
  return map_.empty() ? convert_typed(type_, value, out, reason) : convert_mapped(value, out, reason);
}

Conversion::Result Conversion::convert_mapped(const Value& value, std::string& out, std::string& reason) const {
  const Scalar* mapped = find_mapped(map_, value);
  if (mapped == nullptr) return refuse(reason, "not in map", value);
  const Value meant = value_of(*mapped);
  if (!meant.present()) return Result::absent;
  return convert_typed(type_, meant, out, reason);
}

Conversion::Result Conversion::convert_typed(ValueType type, const Value& value, std::string& out,
                                             std::string& reason) const {
  switch (type) {
    case ValueType::natural:
      return convert_natural(value, out, reason);
    case ValueType::number:
      return convert_number(false, value, out, reason);
    case ValueType::integer:
      return convert_number(true, value, out, reason);
    case ValueType::boolean:
      if (value.text == "true" || value.text == "1")
        out += "true";
      else if (value.text == "false" || value.text == "0")
        out += "false";
      else
        return refuse(reason, "not a boolean", value);
      return Result::written;
    case ValueType::string:
      break;
  }
  append_json_string(out, value.text);
  return Result::written;
}

Conversion::Result Conversion::convert_natural(const Value& value, std::string& out, std::string& reason) const {
  const bool text = value.kind == Value::Kind::text;
  if (value.kind == Value::Kind::number ||
      (text && all_is_text_ && map_.empty() && is_plain_number(value.text, decimal_)))
    return convert_number(false, value, out, reason);
  const bool truth = text && all_is_text_ && map_.empty() && (value.text == "true" || value.text == "false");
  if (value.kind == Value::Kind::boolean || truth)
    out += value.text;
  else
    append_json_string(out, value.text);
  return Result::written;
}

Conversion::Result Conversion::convert_number(bool integer, const Value& value, std::string& out,
                                              std::string& reason) const {
  const std::string_view complaint = integer ? "not an integer" : "not a number";
  const std::size_t before = out.size();
  const char decimal = value.kind == Value::Kind::number ? '.' : decimal_;
  if (value.kind == Value::Kind::boolean || !append_number(out, value.text, decimal))
    return refuse(reason, complaint, value);
  const std::string_view text = std::string_view(out).substr(before);
  // Digits stay as the device sent them, also beyond a double's, unless something is to be calculated.
  const bool keeps_digits = !scales_ && text.size() <= number_size_max && (!integer || is_whole(text));
  const bool surely_finite = text.find('e') == std::string_view::npos;
  if (keeps_digits && surely_finite && !min_ && !max_) return Result::written;

  std::optional<double> number = parse_number(text);
  if (keeps_digits && number && in_range(*number, reason)) return Result::written;
  out.resize(before);
  if (!number) return refuse(reason, "out of range", value);
  if (scales_) number = *number * scale_ + offset_;
  if (!in_range(*number, reason)) return Result::refused;
  if (!integer) {
    append_double(out, *number);
    return Result::written;
  }
  if (scales_) number = std::round(*number);
  if (std::trunc(*number) != *number || std::abs(*number) > exact_max) return refuse(reason, complaint, value);
  out += std::to_string(static_cast<long long>(*number));
  return Result::written;
}

bool Conversion::in_range(double number, std::string& reason) const {
  const bool finite = std::isfinite(number);
  if (finite && (!min_ || number >= *min_) && (!max_ || number <= *max_)) return true;
  reason = "out of range: " + (finite ? number_limit(number) : "the result");
  if (min_ && number < *min_)
    reason += " is below " + number_limit(*min_);
  else if (max_ && number > *max_)
    reason += " is above " + number_limit(*max_);
  else
    reason += " is no finite number";
  return false;
}

}  // namespace sluice::normalize
