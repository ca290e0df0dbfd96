#include "gateway/normalize/payload_template.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// Takes the text apart: calls literal(text) and placeholder(name) in their order.
template <class Literal, class Placeholder>
void walk(std::string_view text, const Literal& literal, const Placeholder& placeholder) {
  std::size_t from = 0;
  for (std::size_t begin = text.find('{'); begin != std::string_view::npos; begin = text.find('{', begin + 1)) {
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) break;
    const std::string_view name = text.substr(begin + 1, end - begin - 1);
    if (!is_name(name)) continue;
    literal(text.substr(from, begin - from));
    placeholder(name);
    from = end + 1;
    begin = end;
  }
  literal(text.substr(from));
}

}  // namespace

std::vector<std::string_view> placeholders_of(std::string_view text) {
  std::vector<std::string_view> names;
  walk(
      text, [](std::string_view) {}, [&](std::string_view name) { names.push_back(name); });
  return names;
}

std::string_view sole_placeholder(std::string_view text) {
  const std::vector<std::string_view> names = placeholders_of(text);
  return names.size() == 1 && names[0].size() + 2 == text.size() ? names[0] : std::string_view();
}

std::string filled_in(std::string_view text, const ParamValues& values) {
  std::string out;
  walk(
      text, [&](std::string_view literal) { out += literal; },
      [&](std::string_view name) {
        if (const ParamValue* value = values.find(name)) out += value->text;
      });
  return out;
}

PayloadTemplate::PayloadTemplate(std::string text, bool is_json) : text_(std::move(text)) {
  const auto tape = std::make_shared<JsonTape>();
  if (is_json && !tape->read(text_)) json_ = tape;
}

std::vector<std::string> PayloadTemplate::placeholders() const {
  std::vector<std::string> names;
  const auto add = [&](std::string_view text) {
    for (const std::string_view name : placeholders_of(text)) names.emplace_back(name);
  };
  if (json_ == nullptr) add(text_);
  if (json_ == nullptr) return names;
  for (const Node& node : json_->nodes()) {
    add(node.key);
    if (node.kind == Node::Kind::text) add(node.text);
  }
  return names;
}

std::string PayloadTemplate::render(const ParamValues& values) const {
  if (json_ == nullptr) return filled_in(text_, values);
  std::string out;
  append_json(out, 0, values);
  return out;
}

bool PayloadTemplate::is_left_out(std::uint32_t i, const ParamValues& values) const {
  const Node& node = json_->nodes()[i];
  if (node.replaced) return true;
  if (node.kind != Node::Kind::text) return false;
  const std::string_view name = sole_placeholder(node.text);
  return !name.empty() && values.find(name) == nullptr;
}

void PayloadTemplate::append_json(std::string& out, std::uint32_t i, const ParamValues& values) const {
  const Node& node = json_->nodes()[i];
  if (node.kind == Node::Kind::text) {
    const std::string_view name = sole_placeholder(node.text);
    if (name.empty())
      append_json_string(out, filled_in(node.text, values));
    else
      out += values.find(name)->json;
    return;
  }
  if (!node.is_container()) return json_->append_json(out, i);
  const bool object = node.kind == Node::Kind::object;
  out += object ? '{' : '[';
  bool first = true;
  for (std::uint32_t child = i + 1; child < node.next; child = json_->nodes()[child].next) {
    if (is_left_out(child, values)) continue;
    if (!first) out += ',';
    first = false;
    if (object) {
      append_json_string(out, filled_in(json_->nodes()[child].key, values));
      out += ':';
    }
    append_json(out, child, values);
  }
  out += object ? '}' : ']';
}

}  // namespace sluice::normalize
