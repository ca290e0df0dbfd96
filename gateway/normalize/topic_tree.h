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
/// topic's levels and not on the number of patterns (parts of a level: on how many sizes their fixed text has). Built
/// once, then read by any threads.
class TopicTree {
 public:
  TopicTree();
  void add(const TopicPattern& pattern, std::uint32_t target);

  /// The targets of all patterns that match, most specific first: level by level from the left a literal goes before
  /// `x{name}`, of which more fixed text goes first, that before `{name}`, and that before `{name...}`. Targets of one
  /// and the same pattern come in the order they were added.
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
  /// What stands round the placeholder in a part of a level.
  template <class String>
  struct Ends {
    String prefix, suffix;
  };
  struct EndsHash {
    using is_transparent = void;
    template <class String>
    std::size_t operator()(const Ends<String>& ends) const {
      return Hash()(ends.prefix) * 31 + Hash()(ends.suffix);
    }
  };
  struct SameEnds {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const Ends<A>& a, const Ends<B>& b) const {
      return a.prefix == b.prefix && a.suffix == b.suffix;
    }
  };
  /// All parts of a level whose fixed texts have the same sizes: found by one look into a table.
  struct Insides {
    std::size_t prefix_size, suffix_size, least;
    std::unordered_map<Ends<std::string>, std::uint32_t, EndsHash, SameEnds> next;
  };
  struct Node {
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> literals;
    std::uint32_t one = 0;         ///< 0: there is none; the root is nobody's child
    std::vector<Insides> insides;  ///< those with more fixed text first
    std::vector<std::uint32_t> targets;
    std::vector<Rest> rests;
  };

  std::uint32_t make_node();
  std::uint32_t child(std::uint32_t at, const TopicPattern::Level& level);
  std::uint32_t& inside(std::uint32_t at, const TopicPattern::Level& level);
  void find_below(const Node& node, std::size_t depth, std::span<const std::string_view> topic,
                  std::vector<std::uint32_t>& targets) const;

  std::vector<Node> nodes_;
};

}  // namespace sluice::normalize
