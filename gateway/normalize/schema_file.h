#pragma once

#include <optional>
#include <string_view>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/settings.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

class YamlMap;

/// Reads one schema file: its shape, keys and plain values. `changed` are settings that replace the file's own. Whether
/// addresses, patterns and names make sense is seen when it is compiled. Problems are added, as many as can be found;
/// what comes back may then be incomplete, and is good for finding more problems only.
std::optional<Family> read_family(const YamlNode& root, const Settings& changed, const Place& changed_at,
                                  Problems& problems);

/// One of the family's `messages`, one of their `readings`, and one of its `commands`, settings filled in. Used by
/// read_family.
MessageSchema read_message(const YamlNode& node, const std::string& family, Problems& problems);
/// Its `at`, one address or a list of them.
std::optional<AddressText> require_address(YamlMap& map, Problems& problems);
ReadingSchema read_reading(const YamlNode::Member& member, Problems& problems);
/// A message's `topic`: a text, or a list of them.
std::vector<Text> read_topics(const YamlNode& node, Problems& problems);
CommandSchema read_command(const YamlNode::Member& member, const std::string& family, Problems& problems);
std::vector<CommandSchema::Reply> read_replies(const YamlNode& node, const std::string& family, Problems& problems);
/// `where` of a reply, and `latest_wins` where it is a map; `key` is its name, for messages.
std::vector<CommandSchema::Where> read_where(const YamlNode& node, std::string_view key, Problems& problems);
std::vector<Example> read_examples(const YamlNode& node, Problems& problems);

/// Names of families, messages and commands: a-z 0-9 _ -. Anything else is a problem.
void check_name(const Text& name, std::string_view what, Problems& problems);

}  // namespace sluice::normalize
