#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/normalize/topic_pattern.h"

namespace sluice::normalize {

/// Finds what a topic is for among any number of patterns: a tree over the levels, so that the cost depends on the
/// topic's levels and not on the number of patterns. Built once, then read by any threads.
class TopicTree {
 public:
  TopicTree();
  void add(const TopicPattern& pattern, std::uint32_t target);

  /// The targets of all patterns that match, most specific first: level by level from the left a literal goes before
  /// `x{name}`, that before `{name}`, and that before `{name...}`. Targets of one and the same pattern come in the
  /// order they were added.
  void find(std::span<const std::string_view> topic, std::vector<std::uint32_t>& targets) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Rest {
    TopicPattern pattern;
    std::uint32_t target;
  };
  struct Inside {
    TopicPattern::Level level;
    std::uint32_t next;
  };
  struct Node {
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> literals;
    std::uint32_t one = 0;  ///< 0: there is none; the root is nobody's child
    std::vector<Inside> insides;
    std::vector<std::uint32_t> targets;
    std::vector<Rest> rests;
  };

  std::uint32_t make_node();
  std::uint32_t child(std::uint32_t at, const TopicPattern::Level& level);
  void find_below(const Node& node, std::size_t depth, std::span<const std::string_view> topic,
                  std::vector<std::uint32_t>& targets) const;

  std::vector<Node> nodes_;
};

}  // namespace sluice::normalize
