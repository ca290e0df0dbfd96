#pragma once

#include <string>
#include <vector>

#include "gateway/core/record.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

/// One field in which an event is not what an example states.
struct FieldDifference {
  std::string field;     ///< "readings.power.value"
  std::string expected;  ///< as JSON; empty: the example does not speak of it
  std::string found;     ///< as JSON; empty: it is not there
  std::string near;      ///< a field that is there, and is called nearly so; empty: none
};

/// Where the event is not what `wanted` states, which is a part of it: whatever stands there must be there, and be
/// equal; numbers compare by value. Where a reading is missing, those that `wanted` does not speak of follow: it may be
/// one of them under another name.
std::vector<FieldDifference> differences(const YamlNode& wanted, const Record& record);

}  // namespace sluice::normalize
