#pragma once

#include <string>
#include <vector>

#include "gateway/normalize/library.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// An example that does not become what its schema file says.
struct Difference {
  Place place;         ///< of the example
  std::string schema;  ///< "tasmota/sensor"
  std::string topic;
  std::string message;  ///< what was expected, and what came

  std::string text() const;  ///< one line: `file:line:column: ...`
};

/// Executes the examples of every family of the library, or of one of them, at 2026-03-01T09:00:00Z in the zone
/// Europe/Berlin, against all of its schemas: an example that another schema takes is a difference too. An expected
/// event is a part of what must come: whatever it states must be there, and be equal; numbers compare by value.
std::vector<Difference> run_examples(const Library& library);
std::vector<Difference> run_examples(const Library& library, const Family& family);

}  // namespace sluice::normalize
