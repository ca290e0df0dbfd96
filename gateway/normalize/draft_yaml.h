#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/record.h"
#include "gateway/normalize/draft_topics.h"
#include "gateway/normalize/normalizer.h"

namespace sluice::normalize {

/// A word of a schema file, quoted where YAML would read it otherwise. One line, whatever the text.
std::string yaml_word(std::string_view text);

/// One message of a schema file, all but its examples, as an item of the list `messages`.
std::string message_yaml(const TopicShape& shape, const std::string& name, const std::string& when);

/// One example, as an item of a list: what the payload is, and what the schema makes of it.
std::string example_yaml(const Message& message, const Fate& fate, const std::vector<Record>& records);

}  // namespace sluice::normalize
