#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

/// The levels of an MQTT topic (MQTT 5 section 4.7.1.1): "a//b" has three, the middle one empty.
void split_levels(std::string_view topic, std::vector<std::string_view>& levels);

/// A topic with placeholders: `{name}` takes one level, `{name...}` one or more. Immutable.
class TopicPattern {
 public:
  struct Level {
    enum class Kind { literal, one, rest };
    Kind kind = Kind::literal;
    std::string text;  ///< of a literal; otherwise the placeholder's name

    bool operator==(const Level&) const = default;
  };

  /// `rest_anywhere`: `{name...}` may have levels after it, as topics of commands need.
  static std::optional<TopicPattern> parse(const Text& topic, bool rest_anywhere, Problems& problems);

  const std::vector<Level>& levels() const { return levels_; }
  const std::vector<std::string>& names() const { return names_; }

  /// The MQTT filter that covers it: "tele/+/SENSOR". Whatever follows a `{name...}` is widened to "#".
  std::string filter() const;

  bool matches(std::span<const std::string_view> topic) const;

  /// What each of names() stands for in a topic that matches. The views point into the topic.
  void bind(std::span<const std::string_view> topic, std::vector<std::string_view>& values) const;

  /// The topic with `values` in the place of names().
  std::string render(std::span<const std::string_view> values) const;

 private:
  std::size_t rest_at() const;

  std::vector<Level> levels_;
  std::vector<std::string> names_;
};

}  // namespace sluice::normalize
