#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/normalize/schema.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

/// The levels of an MQTT topic (MQTT 5 section 4.7.1.1): "a//b" has three, the middle one empty.
void split_levels(std::string_view topic, std::vector<std::string_view>& levels);

/// A topic with placeholders: `{name}` takes one level, `{name...}` one or more, `switch:{name}` a part of a level. In
/// a command's topic such a part may also be empty. Immutable.
class TopicPattern {
 public:
  struct Level {
    enum class Kind {
      literal,
      one,
      more,    ///< one level more of the placeholder before it
      rest,    ///< one or more
      inside,  ///< part of a level
    };
    Kind kind = Kind::literal;
    std::string text;            ///< of a literal; otherwise the placeholder's name
    std::string prefix, suffix;  ///< of `inside`: what stands round the placeholder
    std::size_t least = 0;       ///< of `inside`: how many characters it takes at least

    /// Whether an `inside` takes this level of a topic.
    bool takes(std::string_view level) const {
      return level.size() >= prefix.size() + suffix.size() + least && level.starts_with(prefix) &&
             level.ends_with(suffix);
    }

    bool operator==(const Level&) const = default;
  };

  /// A message's topic is several patterns where it has a `{name..3}`: one for each number of levels. A command's is
  /// one, and in it `{name...}` may have levels after it. None where the topic is a problem.
  static std::vector<TopicPattern> parse(const Text& topic, bool of_command, Problems& problems);

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
  void append(const Level& level);
  std::size_t rest_at() const;

  std::vector<Level> levels_;
  std::vector<std::string> names_;
};

}  // namespace sluice::normalize
