#pragma once

#include <optional>
#include <string>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/value.h"

namespace sluice::normalize {

/// Turns what a device says into a reading's value: map, then type, then scale and offset, then min and max.
class Conversion {
 public:
  enum class Result { written, absent, refused };

  Conversion() = default;
  /// `decimal` is the payload's decimal sign. JSON says itself what is a number; in other formats everything is text,
  /// and what looks like a plain number, or is "true" or "false", is taken as one where the schema gives no type.
  Conversion(const ReadingSchema& reading, Format format, char decimal);

  /// Appends the value as JSON. Otherwise appends nothing; where it is refused, `reason` says why.
  Result convert(const Value& value, std::string& out, std::string& reason) const;

 private:
  Result convert_mapped(const Value& value, std::string& out, std::string& reason) const;
  Result convert_typed(ValueType type, const Value& value, std::string& out, std::string& reason) const;
  Result convert_natural(const Value& value, std::string& out, std::string& reason) const;
  Result convert_number(bool integer, const Value& value, std::string& out, std::string& reason) const;
  bool in_range(double number, std::string& reason) const;

  ValueType type_ = ValueType::natural;
  bool all_is_text_ = false;
  bool structures_refused_ = false;
  bool scales_ = false;
  double scale_ = 1;
  double offset_ = 0;
  std::optional<double> min_, max_;
  ValueMap map_;
  char decimal_ = '.';
};

/// What `map` makes of a value; null where it is not in it.
const Scalar* find_mapped(const ValueMap& map, const Value& value);

/// Whether a value of a payload is what a schema file says: numbers by their value, everything else by its text.
bool is_same(const Scalar& wanted, const Value& value);

}  // namespace sluice::normalize
