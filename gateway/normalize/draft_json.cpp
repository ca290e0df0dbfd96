#include <algorithm>

#include "gateway/normalize/draft_payload.h"
#include "gateway/normalize/json_tape.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

constexpr std::string_view wildcards[] = {"{n}", "{m}", "{k}"};  ///< of lists within lists

std::string pointer_step(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

/// Puts the leaves of a JSON value into a Look.
class JsonWalk {
 public:
  JsonWalk(const JsonTape& tape, Look& look) : tape_(tape), look_(look) {}

  void walk(std::uint32_t at, const std::string& address, std::size_t lists = 0) {
    const Node& node = tape_.nodes()[at];
    if (node.kind == Node::Kind::null) return;
    if (!node.is_container()) return add_field(look_, address, path_, value_of(node), '.');
    for (std::uint32_t i = at + 1; i < node.next; i = tape_.nodes()[i].next) {
      if (tape_.nodes()[i].replaced) continue;
      if (node.kind == Node::Kind::array)
        step(i, address + "/", std::string(lists < 3 ? wildcards[lists] : ""), lists + 1);
      else if (tape_.nodes()[i].key.find_first_of("{}") == std::string_view::npos)
        step(i, address + pointer_step(tape_.nodes()[i].key), std::string(tape_.nodes()[i].key), lists);
    }
  }

 private:
  void step(std::uint32_t at, std::string address, const std::string& name, std::size_t lists) {
    if (name.empty() || lists > 3) return;  // what has no name cannot be a reading's
    if (name.front() == '{') address += name;
    path_.push_back(name);
    walk(at, address, lists);
    path_.pop_back();
  }

  /// A text that is digits is a number only for those who say so: `type`. JSON's own numbers are what counts here.
  static std::string_view value_of(const Node& node) { return node.text; }

  const JsonTape& tape_;
  Look& look_;
  std::vector<std::string> path_;
};

bool is_list_of_objects(const JsonTape& tape, std::uint32_t at) {
  const Node& list = tape.nodes()[at];
  if (list.kind != Node::Kind::array || at + 1 >= list.next) return false;
  for (std::uint32_t i = at + 1; i < list.next; i = tape.nodes()[i].next)
    if (tape.nodes()[i].kind != Node::Kind::object) return false;
  return true;
}

/// The list of objects that is all there is to say, besides texts and times: the root, or a member of it.
std::optional<std::pair<std::uint32_t, std::string>> find_each(const JsonTape& tape) {
  if (is_list_of_objects(tape, 0)) return std::pair(0u, std::string());
  const Node& root = tape.nodes()[0];
  std::optional<std::pair<std::uint32_t, std::string>> found;
  for (std::uint32_t i = 1; root.kind == Node::Kind::object && i < root.next; i = tape.nodes()[i].next) {
    const Node& node = tape.nodes()[i];
    if (node.replaced) continue;
    if (node.kind == Node::Kind::text || node.kind == Node::Kind::null) continue;
    if (found || !is_list_of_objects(tape, i)) return std::nullopt;
    found = {i, pointer_step(node.key)};
  }
  return found;
}

}  // namespace

std::optional<Look> look_at_json(std::string_view payload) {
  JsonTape tape;
  if (payload.empty() || (payload[0] != '{' && payload[0] != '[') || tape.read(payload)) return std::nullopt;
  Look look;
  look.format = Format::json;
  const auto each = find_each(tape);
  if (!each) {
    JsonWalk(tape, look).walk(0, "");
    return look;
  }
  look.each = each->second;
  const Node& list = tape.nodes()[each->first];
  for (std::uint32_t i = each->first + 1; i < list.next; i = tape.nodes()[i].next) JsonWalk(tape, look).walk(i, "");
  return look;
}

}  // namespace sluice::normalize
