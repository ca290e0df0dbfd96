#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/normalize/calculation.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/text_pattern.h"
#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// Turns what a device says into a reading's value: pattern, map, then type and base, then what is
/// calculated, then min and max.
class Conversion {
 public:
  enum class Result { written, absent, refused };

  Conversion() = default;
  /// `decimal` is the payload's decimal sign. JSON says itself what is a number; in other formats everything is text,
  /// and what looks like a plain number, or is "true" or "false", is taken as one where the schema gives no type.
  Conversion(const ReadingSchema& reading, CalculationSteps steps, Format format, char decimal);

  /// With one group.
  void set_pattern(std::shared_ptr<const TextPattern> pattern) { pattern_ = std::move(pattern); }

  /// Appends the value as JSON. Otherwise appends nothing; where it is refused, `reason` says why.
  Result convert(const Value& value, Surroundings around, std::string& out, std::string& reason) const;

 private:
  Result convert_part(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  Result convert_whole(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  Result convert_mapped(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  Result convert_typed(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  Result convert_natural(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  Result convert_number(const Value& value, Surroundings around, std::string& out, std::string& reason) const;
  bool append_digits(const Value& value, std::string& out, std::string& reason) const;
  bool in_range(double number, std::string& reason) const;

  ValueType type_ = ValueType::natural;
  bool all_is_text_ = false;
  bool structures_refused_ = false;
  std::shared_ptr<const TextPattern> pattern_;
  IntegerForm form_;
  CalculationSteps steps_;
  std::optional<double> min_, max_;
  ValueMap map_;
  char decimal_ = '.';
};

/// A word of a schema file as if the payload said it.
Value value_of(const Scalar& scalar);

/// The form in which a word of a map is written: what is a number there is one already.
inline IntegerForm form_of_mapped(const Value& meant, const IntegerForm& form) {
  return meant.kind == Value::Kind::number ? IntegerForm() : form;
}

/// What `map` makes of a value; null where it is not in it.
const Scalar* find_mapped(const ValueMap& map, const Value& value);

/// Whether a value of a payload is what a schema file says: numbers by their value, everything else by its text.
bool is_same(const Scalar& wanted, const Value& value);

}  // namespace sluice::normalize
