#include "gateway/normalize/topic_tree.h"

namespace sluice::normalize {

TopicTree::TopicTree() {
  make_node();
}

std::uint32_t TopicTree::make_node() {
  nodes_.emplace_back();
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

void TopicTree::add(const TopicPattern& pattern, std::uint32_t target) {
  std::uint32_t at = 0;
  for (const TopicPattern::Level& level : pattern.levels()) {
    if (level.kind == TopicPattern::Level::Kind::rest) {
      nodes_[at].rests.push_back({pattern, target});
      return;
    }
    const bool literal = level.kind == TopicPattern::Level::Kind::literal;
    std::uint32_t next = literal ? 0 : nodes_[at].one;
    if (literal) {
      const auto found = nodes_[at].literals.find(level.text);
      if (found != nodes_[at].literals.end()) next = found->second;
    }
    if (next == 0) {
      next = make_node();
      if (literal)
        nodes_[at].literals.emplace(level.text, next);
      else
        nodes_[at].one = next;
    }
    at = next;
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
  if (node.one != 0) find_below(nodes_[node.one], depth + 1, topic, targets);
  for (const Rest& rest : node.rests)
    if (rest.pattern.matches(topic)) targets.push_back(rest.target);
}

}  // namespace sluice::normalize
