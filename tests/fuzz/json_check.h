#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::fuzz {

/// A second opinion on JSON, by a library's own reader.

bool is_json(std::string_view text);
bool is_json_object(std::string_view text);

/// Throws Broken unless it is a JSON object, no deeper than `depth_max`, in which no name stands twice.
void require_clean_object(std::string_view text, std::string_view what, int depth_max = 70);

/// The members of such an object, their values as the library writes them; nothing where it is none. Of a name that
/// stands several times the last.
std::optional<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view text);

/// A value as the library writes it, so that texts that say the same are equal; empty for what is no JSON.
std::string rewritten(std::string_view text);

/// What the string `name` of that object says.
std::optional<std::string> text_member(std::string_view text, std::string_view name);

/// The object with the `name`s `texts` as strings and `objects` as they are, those that are empty left out.
using Members = std::vector<std::pair<std::string, std::string>>;
std::string object_of(const Members& texts, const Members& objects);

}  // namespace sluice::fuzz
