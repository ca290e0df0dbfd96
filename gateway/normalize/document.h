#pragma once

#include <string>
#include <vector>

#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// A family as Markdown: its messages with their topics, readings, units and examples, and its commands. Ends with a
/// line end; a whole document under a heading of the second level.
std::string document(const Family& family);

/// All of them as one document, with a table of contents: whatever schemas there are, the same text comes of the same.
std::string document(const std::vector<Family>& families);

/// When a message applies, in words: "there is `/ENERGY`".
std::string condition_text(const MessageSchema& message);

}  // namespace sluice::normalize
