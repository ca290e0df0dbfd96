#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/message.h"
#include "gateway/normalize/event_difference.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// An example that does not become what its schema file says.
struct Difference {
  Place place;         ///< of the example
  std::string schema;  ///< "tasmota/sensor"
  std::string topic;
  std::string payload;                  ///< on one line, shortened
  std::vector<FieldDifference> fields;  ///< at least one

  std::string text() const;  ///< one line: `file:line:column: ...`
};

/// Executes the examples of every family of the library, or of one of them, at 2026-03-01T09:00:00Z in the zone
/// Europe/Berlin, against all of its schemas: an example that another schema takes is a difference too. In file order.
std::vector<Difference> run_examples(const Library& library);
std::vector<Difference> run_examples(const Library& library, const Family& family);

/// What an example stands for: a message that came at that time.
Message example_message(std::string_view topic, std::string_view payload, bool retained);

/// The zone that examples are read in.
inline constexpr const char* example_zone = "Europe/Berlin";

}  // namespace sluice::normalize
