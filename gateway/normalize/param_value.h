#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// The value of a command's parameter.
struct ParamValue {
  JsonTape::Node::Kind kind = JsonTape::Node::Kind::null;
  std::string json;  ///< without white space
  std::string text;  ///< of a text what it says; otherwise as `json`
};

/// What the placeholders of one command stand for. A name that is not here is an optional parameter that was left out.
class ParamValues {
 public:
  void add(std::string name, ParamValue value) { list_.emplace_back(std::move(name), std::move(value)); }
  const ParamValue* find(std::string_view name) const {
    for (const auto& [known, value] : list_)
      if (known == name) return &value;
    return nullptr;
  }

 private:
  std::vector<std::pair<std::string, ParamValue>> list_;
};

/// The value at a node of a tape.
ParamValue param_value(const JsonTape& tape, std::uint32_t node);
ParamValue param_text(std::string_view text);
/// A value that stands in a schema file.
ParamValue param_value(const Scalar& scalar);

/// Numbers by value, everything else by its text; values of different kinds are never equal.
bool is_equal(const ParamValue& wanted, JsonTape::Node::Kind kind, std::string_view text);

/// Whether all of `where` hold for these parameters; nothing holds always.
bool all_hold(const std::vector<CommandSchema::Where>& where, const ParamValues& values);

}  // namespace sluice::normalize
