#include "gateway/normalize/topic_tree.h"

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
  if (level.kind == Kind::literal) {
    const auto found = nodes_[at].literals.find(level.text);
    if (found != nodes_[at].literals.end()) return found->second;
  }
  if (level.kind == Kind::one && nodes_[at].one != 0) return nodes_[at].one;
  const std::uint32_t next = make_node();
  if (level.kind == Kind::literal)
    nodes_[at].literals.emplace(level.text, next);
  else if (level.kind == Kind::one)
    nodes_[at].one = next;
  else
    nodes_[at].insides.push_back({level, next});
  return next;
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
  for (const Inside& inside : node.insides)
    if (inside.level.takes(topic[depth])) find_below(nodes_[inside.next], depth + 1, topic, targets);
  if (node.one != 0) find_below(nodes_[node.one], depth + 1, topic, targets);
  for (const Rest& rest : node.rests)
    if (rest.pattern.matches(topic)) targets.push_back(rest.target);
}

}  // namespace sluice::normalize
