#include "gateway/normalize/json_index.h"

#include <algorithm>

namespace sluice::normalize {

namespace {

constexpr std::uint32_t narrow = 64;

}  // namespace

const JsonIndex::Members& JsonIndex::members_of(const JsonTape& tape, std::uint32_t container) {
  const auto [found, is_new] = members_.try_emplace(container);
  Members& members = found->second;
  if (!is_new) return members;
  const std::vector<JsonTape::Node>& nodes = tape.nodes();
  for (std::uint32_t i = container + 1; i < nodes[container].next; i = nodes[i].next)
    if (!nodes[i].replaced) members.push_back(i);
  if (nodes[container].kind == JsonTape::Node::Kind::object)
    std::sort(members.begin(), members.end(),
              [&](std::uint32_t a, std::uint32_t b) { return nodes[a].key < nodes[b].key; });
  return members;
}

std::uint32_t JsonIndex::find(const JsonTape& tape, std::uint32_t container, std::string_view key) {
  const std::vector<JsonTape::Node>& nodes = tape.nodes();
  if (nodes[container].next - container <= narrow) return tape.find(container, key, key_hash(key));
  const Members& members = members_of(tape, container);
  if (nodes[container].kind == JsonTape::Node::Kind::array) {
    const std::uint32_t index = JsonTape::index_of(key);
    return index < members.size() ? members[index] : Binding::nowhere;
  }
  const auto found = std::lower_bound(members.begin(), members.end(), key,
                                      [&](std::uint32_t i, std::string_view name) { return nodes[i].key < name; });
  return found != members.end() && nodes[*found].key == key ? *found : Binding::nowhere;
}

}  // namespace sluice::normalize
