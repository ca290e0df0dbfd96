#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/normalize/param_value.h"

namespace sluice::normalize {

/// The JSON Schema (draft-07) of one parameter. Immutable; shared by any threads.
///
/// What comes from a cloud must not cost more than time in proportion to it, and no stack: `pattern` stands at the top
/// only (and alone in `not` there), where RE2 does it (the library's own regular expressions overflow the stack on long
/// texts), there is no
/// `$ref`, and with `format` a text has at most 1024 bytes.
class ParamSchema {
 public:
  /// Null with the reason in `wrong`. Also where a keyword is nearly one that there is.
  static std::shared_ptr<const ParamSchema> compile(const std::string& json_schema, std::string& wrong);
  ~ParamSchema();

  /// Empty if the value is good, else what it must be, for people: "must be ON, OFF or TOGGLE, not 'on'".
  std::string why_wrong(const ParamValue& value) const;

  /// What it must be, for people; empty where the schema says too much for one line.
  std::string demand() const;

  const std::optional<ParamValue>& fallback() const;  ///< its `default`

 private:
  struct Compiled;
  explicit ParamSchema(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace sluice::normalize
