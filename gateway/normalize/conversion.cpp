#include "gateway/normalize/conversion.h"

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

bool is_whole(std::string_view text) {
  return text.find_first_not_of("-0123456789") == std::string_view::npos;
}

std::string number_limit(double number) {
  std::string out;
  append_double(out, number);
  return out;
}

}  // namespace

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

Conversion::Conversion(const ReadingSchema& reading, CalculationSteps steps, Format format, char decimal)
    : type_(reading.type),
      all_is_text_(format != Format::json),
      structures_refused_(reading.type != ValueType::natural),
      form_(reading.form),
      steps_(std::move(steps)),
      min_(reading.min),
      max_(reading.max),
      map_(reading.map),
      decimal_(decimal) {
  const bool numeric =
      !reading.steps.empty() || reading.from || min_ || max_ || !reading.unit.text.empty() || reading.unit.at;
  if (type_ == ValueType::natural && (!form_.is_plain() || (map_.empty() && numeric))) type_ = ValueType::number;
}

Conversion::Result Conversion::convert(const Value& value, Surroundings around, std::string& out,
                                       std::string& reason) const {
  if (!value.present()) return Result::absent;
  if (value.kind == Value::Kind::structure) {
    if (!structures_refused_) return Result::absent;
    reason = "not a value: an object or a list stands there";
    return Result::refused;
  }
  return pattern_ == nullptr ? convert_whole(value, around, out, reason) : convert_part(value, around, out, reason);
}

Conversion::Result Conversion::convert_part(const Value& value, Surroundings around, std::string& out,
                                            std::string& reason) const {
  std::string_view part;
  if (!pattern_->match_first(value.text, part)) return refuse(reason, "does not match", value);
  if (part.empty()) return Result::absent;
  return convert_whole({Value::Kind::text, part}, around, out, reason);
}

Conversion::Result Conversion::convert_whole(const Value& value, Surroundings around, std::string& out,
                                             std::string& reason) const {
  return map_.empty() ? convert_typed(value, around, out, reason) : convert_mapped(value, around, out, reason);
}

Conversion::Result Conversion::convert_mapped(const Value& value, Surroundings around, std::string& out,
                                              std::string& reason) const {
  const Scalar* mapped = find_mapped(map_, value);
  if (mapped == nullptr) return refuse(reason, "not in map", value);
  const Value meant = value_of(*mapped);
  if (!meant.present()) return Result::absent;
  return convert_typed(meant, around, out, reason);
}

Conversion::Result Conversion::convert_typed(const Value& value, Surroundings around, std::string& out,
                                             std::string& reason) const {
  switch (type_) {
    case ValueType::natural:
      return convert_natural(value, around, out, reason);
    case ValueType::number:
    case ValueType::integer:
      return convert_number(value, around, out, reason);
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

Conversion::Result Conversion::convert_natural(const Value& value, Surroundings around, std::string& out,
                                               std::string& reason) const {
  const bool text = value.kind == Value::Kind::text;
  if (value.kind == Value::Kind::number ||
      (text && all_is_text_ && map_.empty() && is_plain_number(value.text, decimal_)))
    return convert_number(value, around, out, reason);
  const bool truth = text && all_is_text_ && map_.empty() && (value.text == "true" || value.text == "false");
  if (value.kind == Value::Kind::boolean || truth)
    out += value.text;
  else
    append_json_string(out, value.text);
  return Result::written;
}

/// The number as the device wrote it, as JSON.
bool Conversion::append_digits(const Value& value, std::string& out, std::string& reason) const {
  const IntegerForm form = map_.empty() ? form_ : form_of_mapped(value, form_);
  if (form.is_plain()) {
    const char decimal = value.kind == Value::Kind::number ? '.' : decimal_;
    if (value.kind != Value::Kind::boolean && append_number(out, value.text, decimal)) return true;
    refuse(reason, type_ == ValueType::integer ? "not an integer" : "not a number", value);
    return false;
  }
  if (value.kind != Value::Kind::boolean && append_integer(out, value.text, form)) return true;
  std::string complaint = "not an integer";
  if (form.base != 10) complaint += " in base " + std::to_string(form.base);
  if (form.bits > 0) complaint += " of " + std::to_string(form.bits) + " bits";
  refuse(reason, complaint, value);
  return false;
}

Conversion::Result Conversion::convert_number(const Value& value, Surroundings around, std::string& out,
                                              std::string& reason) const {
  const std::size_t before = out.size();
  if (!append_digits(value, out, reason)) return Result::refused;
  const bool integer = type_ == ValueType::integer;
  const std::string_view text = std::string_view(out).substr(before);
  // Digits stay as the device sent them, also beyond a double's, unless something is calculated.
  const bool keeps_digits = text.size() <= number_size_max && (!integer || is_whole(text));
  const bool surely_finite = text.find('e') == std::string_view::npos;
  if (keeps_digits && surely_finite && steps_.empty() && !min_ && !max_) return Result::written;

  const std::optional<double> number = parse_number(text);
  Calculation result{number.value_or(0)};
  const bool good = number && result.run(steps_, around, reason) && in_range(result.number, reason);
  if (good && keeps_digits && !result.changed) return Result::written;
  out.resize(before);
  if (!number) return refuse(reason, "out of range", value);
  if (!good) return Result::refused;
  if (!integer) {
    append_double(out, result.number, result.largest);
    return Result::written;
  }
  if (result.changed) result.number = std::round(result.number);
  if (std::trunc(result.number) != result.number || std::abs(result.number) > exact_max)
    return refuse(reason, "not an integer", value);
  out += std::to_string(static_cast<long long>(result.number));
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
