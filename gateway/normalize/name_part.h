#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::normalize {

/// A name of which one part is a placeholder: `switch:{n}`, `{id}_power`, or `{n}` alone. Immutable once parsed.
struct NamePart {
  std::string prefix, name, suffix;  ///< `name` is the placeholder's

  /// Nothing unless there is exactly one placeholder.
  static std::optional<NamePart> parse(std::string_view text);

  bool is_whole() const { return prefix.empty() && suffix.empty(); }

  /// Whether `text` begins and ends so, with at least one character for the placeholder.
  bool takes(std::string_view text) const {
    return text.size() > prefix.size() + suffix.size() && text.starts_with(prefix) && text.ends_with(suffix);
  }

  /// What the placeholder stands for in a text that it takes.
  std::string_view inner(std::string_view text) const {
    return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
  }

  bool operator==(const NamePart&) const = default;
};

}  // namespace sluice::normalize
