#include "gateway/normalize/topic_tree.h"

#include <algorithm>

namespace sluice::normalize {

TopicTree::TopicTree() {
  make_node();
}

std::uint32_t TopicTree::make_node() {
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

/// The node below `at` for this level, made where there is none.
std::uint32_t TopicTree::child(std::uint32_t at, const TopicPattern::Level& level) {
  using Kind = TopicPattern::Level::Kind;
  const std::uint32_t made = make_node();
  std::uint32_t& next = level.kind == Kind::literal  ? nodes_[at].literals[level.text]
                        : level.kind == Kind::inside ? inside(at, level)
                                                     : nodes_[at].one;
  if (next == 0)
    next = made;
  else
    nodes_.pop_back();
  return next;
}

/// What follows on this part of a level; 0 where it is new.
std::uint32_t& TopicTree::inside(std::uint32_t at, const TopicPattern::Level& level) {
  std::vector<Insides>& all = nodes_[at].insides;
  const std::size_t prefix = level.prefix.size();
  const std::size_t suffix = level.suffix.size();
  auto same = std::find_if(all.begin(), all.end(), [&](const Insides& one) {
    return one.prefix_size == prefix && one.suffix_size == suffix && one.least == level.least;
  });
  if (same == all.end()) {
    const auto shorter = std::find_if(all.begin(), all.end(), [&](const Insides& one) {
      return one.prefix_size + one.suffix_size < prefix + suffix;
    });
    same = all.insert(shorter, Insides{prefix, suffix, level.least, {}});
  }
  return same->next[{level.prefix, level.suffix}];
}

void TopicTree::add(const TopicPattern& pattern, std::uint32_t target) {
  std::uint32_t at = 0;
  for (const TopicPattern::Level& level : pattern.levels()) {
    if (level.kind == TopicPattern::Level::Kind::rest) {
      nodes_[at].rests.push_back({pattern, target});
      return;
    }
    at = child(at, level);
  }
  nodes_[at].targets.push_back(target);
}

void TopicTree::find(std::span<const std::string_view> topic, std::vector<std::uint32_t>& targets) const {
  targets.clear();
  find_below(nodes_[0], 0, topic, targets);
}

void TopicTree::find_below(const Node& node, std::size_t depth, std::span<const std::string_view> topic,
                           std::vector<std::uint32_t>& targets) const {
  if (depth == topic.size()) {
    targets.insert(targets.end(), node.targets.begin(), node.targets.end());
    return;
  }
  const auto literal = node.literals.find(topic[depth]);
  if (literal != node.literals.end()) find_below(nodes_[literal->second], depth + 1, topic, targets);
  // Wildcards do not take topics that begin with $ (MQTT 5 section 4.7.2).
  if (depth == 0 && topic[0].starts_with('$')) return;
  for (const Insides& inside : node.insides) {
    const std::string_view level = topic[depth];
    if (level.size() < inside.prefix_size + inside.suffix_size + inside.least) continue;
    const auto found = inside.next.find(
        Ends<std::string_view>{level.substr(0, inside.prefix_size), level.substr(level.size() - inside.suffix_size)});
    if (found != inside.next.end()) find_below(nodes_[found->second], depth + 1, topic, targets);
  }
  if (node.one != 0) find_below(nodes_[node.one], depth + 1, topic, targets);
  for (const Rest& rest : node.rests)
    if (rest.pattern.matches(topic)) targets.push_back(rest.target);
}

}  // namespace sluice::normalize
