#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// MQTT topic filters (MQTT 5 section 4.7). `+` is one level, `#` at the end is the rest with its parent level.

bool is_valid_filter(std::string_view filter);

/// Whether a filter covers a topic. Filters that begin with a wildcard do not cover topics that begin with `$`.
bool covers(std::string_view filter, std::string_view topic);

/// Whether there is a topic that both filters cover.
bool overlap(std::string_view a, std::string_view b);

/// The narrowest filter that covers everything both cover.
std::string join(std::string_view a, std::string_view b);

/// Filters that cover at least the same topics, no two of which overlap, so that a broker delivers each publish once:
/// overlapping ones are joined until there are none. Sorted.
std::vector<std::string> disjoint(std::vector<std::string> filters);

}  // namespace sluice
