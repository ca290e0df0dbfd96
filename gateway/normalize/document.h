#pragma once

#include <string>

#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// A family as Markdown: its messages with their topics, readings, units and examples, and its commands. Ends with a
/// line end; a whole document under a heading of the second level.
std::string document(const Family& family);

}  // namespace sluice::normalize
