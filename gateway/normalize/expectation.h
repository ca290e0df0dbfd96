#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/normalize/commands.h"
#include "gateway/normalize/param_value.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// What must be heard for one command with its parameters filled in. Immutable.
class Expectation {
 public:
  /// Null where none of the schema's replies counts for these parameters.
  static std::shared_ptr<const Expectation> make(std::string_view family, const CommandSchema& command,
                                                 const ParamValues& values);

  Match match(const Record& record, std::string_view device, std::string& readings) const;

 private:
  /// A reading by its name, and what it must be.
  struct Wanted {
    std::string name;
    std::optional<ParamValue> value;  ///< nothing: anything
  };
  struct Refused {
    std::string name;
    std::vector<ParamValue> values;  ///< empty: any
  };
  struct Way {
    std::vector<std::string> messages;
    bool succeeds = true;          ///< false: it only tells that the device refused
    std::optional<Wanted> wanted;  ///< nothing: the message alone will do,
    std::vector<Wanted> members;   ///< or these: all that are there, and at least one
    std::optional<Refused> refused;
  };
  class Readings;

  static std::optional<Way> way_of(const CommandSchema::Reply& reply, const ParamValues& values);
  static bool is_reached(const Way& way, const Readings& readings);

  std::string family_;  ///< "tasmota/"
  std::vector<Way> ways_;
};

}  // namespace sluice::normalize
