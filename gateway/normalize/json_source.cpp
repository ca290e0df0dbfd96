#include "gateway/normalize/json_source.h"

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

const std::vector<JsonStep>& steps_of(const Address& address) {
  return std::get<JsonAddress>(address.way).steps;
}

}  // namespace

std::optional<Refusal> JsonSource::open(std::string_view payload) {
  root_ = 0;
  if (indices_.size() > elements_max) indices_.clear();
  remembers_ = false;
  index_.forget();
  return tape_.read(payload);
}

std::string_view JsonSource::index_text(std::size_t index) {
  while (indices_.size() <= index) indices_.push_back(std::to_string(indices_.size()));
  return indices_[index];
}

std::uint32_t JsonSource::step(std::uint32_t container, const JsonStep& step, const Bindings& bindings) {
  if (step.kind == JsonStep::Kind::member) return tape_.find(container, step.key, step.hash);
  const Binding& bound = bindings[step.slot];
  if (step.as_found && bound.holder == container) return bound.node;
  if (!tape_.nodes()[container].is_container()) return Binding::nowhere;
  if (step.part.is_whole()) return index_.find(tape_, container, bound.text);
  ((key_ = step.part.prefix) += bound.text) += step.part.suffix;
  return index_.find(tape_, container, key_);
}

/// Calls visit(node) for every node the steps lead to; false as soon as it returns false.
template <class Visit>
bool JsonSource::walk(std::uint32_t node, Steps steps, Bindings& bindings, const Visit& visit) {
  while (!steps.empty() && steps[0].kind != JsonStep::Kind::wildcard) {
    node = step(node, steps[0], bindings);
    if (node == Binding::nowhere) return true;
    steps = steps.subspan(1);
  }
  if (steps.empty()) return visit(node);
  const Node& holder = tape_.nodes()[node];
  const NamePart& part = steps[0].part;
  const bool object = holder.kind == Node::Kind::object;
  if (!holder.is_container() || (!object && !part.is_whole())) return true;
  std::size_t index = 0;
  for (std::uint32_t i = node + 1; i < holder.next; i = tape_.nodes()[i].next, ++index) {
    const Node& member = tape_.nodes()[i];
    if (member.replaced || (steps.size() > 1 && !member.is_container())) continue;
    if (!part.is_whole() && !part.takes(member.key)) continue;
    bindings[steps[0].slot] = {object ? part.inner(member.key) : index_text(index), node, i};
    if (!walk(i, steps.subspan(1), bindings, visit)) return false;
  }
  return true;
}

Value JsonSource::value_of(std::uint32_t i) {
  const Node& node = tape_.nodes()[i];
  if (remembers_ && !node.is_container()) taken_[i] = true;
  switch (node.kind) {
    case Node::Kind::boolean:
      return {Value::Kind::boolean, node.text};
    case Node::Kind::number:
      return {Value::Kind::number, node.text};
    case Node::Kind::text:
      return {Value::Kind::text, node.text};
    case Node::Kind::object:
    case Node::Kind::array:
      return {Value::Kind::structure, {}};
    case Node::Kind::null:
      break;
  }
  return {};
}

Value JsonSource::first(const Address& address, Bindings& bindings) {
  Value found;
  walk(root_, steps_of(address), bindings, [&](std::uint32_t node) {
    found = value_of(node);
    return !found.present();
  });
  return found;
}

bool JsonSource::holds(const Address& address, const Bindings& bindings) {
  std::uint32_t node = root_;
  for (const JsonStep& one : steps_of(address)) {
    node = step(node, one, bindings);
    if (node == Binding::nowhere) return false;
  }
  return tape_.nodes()[node].is_container();
}

void JsonSource::visit(const Address& address, Bindings& bindings, Visitor& visitor) {
  walk(root_, steps_of(address), bindings,
       [&](std::uint32_t node) { return (remembers_ && taken_[node]) || visitor.visit(value_of(node)); });
}

bool JsonSource::add_element(std::uint32_t node, const Bindings& bindings) {
  elements_.push_back({node, static_cast<std::uint32_t>(element_bindings_.size())});
  for (const std::size_t slot : each_slots_) element_bindings_.push_back(bindings[slot]);
  return elements_.size() <= elements_max;
}

bool JsonSource::add_elements_of(std::uint32_t container, const Bindings& bindings) {
  const std::vector<Node>& nodes = tape_.nodes();
  for (std::uint32_t i = container + 1; i < nodes[container].next; i = nodes[i].next)
    if (!nodes[i].replaced && nodes[i].kind != Node::Kind::null && !add_element(i, bindings)) return false;
  return true;
}

/// `/a`: the elements of what stands there. `/a/{id}`: what the wildcard finds are the elements.
std::optional<Refusal> JsonSource::gather(const Address& each, Bindings& bindings) {
  const std::vector<JsonStep>& steps = steps_of(each);
  for (const JsonStep& one : steps)
    if (one.kind == JsonStep::Kind::wildcard) each_slots_.push_back(one.slot);
  const bool found_are_elements = !steps.empty() && steps.back().kind == JsonStep::Kind::wildcard;
  std::optional<Refusal> refusal;
  walk(root_, steps, bindings, [&](std::uint32_t node) {
    const Node::Kind kind = tape_.nodes()[node].kind;
    if (kind == Node::Kind::null) return true;
    if (!found_are_elements && !tape_.nodes()[node].is_container())
      refusal = Refusal{"not a list", each.text};
    else if (!(found_are_elements ? add_element(node, bindings) : add_elements_of(node, bindings)))
      refusal = Refusal{"too many: more than " + std::to_string(elements_max) + " elements", each.text};
    return !refusal.has_value();
  });
  return refusal;
}

std::optional<Refusal> JsonSource::begin(const Address* each, Bindings& bindings, bool remember) {
  elements_.clear();
  element_bindings_.clear();
  each_slots_.clear();
  next_ = 0;
  if (each == nullptr)
    add_element(0, bindings);
  else if (std::optional<Refusal> refusal = gather(*each, bindings))
    return refusal;
  remembers_ = remember;
  if (remember) taken_.assign(tape_.nodes().size(), false);
  return std::nullopt;
}

bool JsonSource::next(Bindings& bindings) {
  if (next_ == elements_.size()) return false;
  const Element& element = elements_[next_++];
  root_ = element.node;
  for (std::size_t i = 0; i < each_slots_.size(); ++i)
    bindings[each_slots_[i]] = element_bindings_[element.bindings_at + i];
  return true;
}

bool JsonSource::append_rest(std::string& out) {
  return tape_.nodes()[root_].is_container() && append_untaken(out, root_);
}

bool JsonSource::append_untaken(std::string& out, std::uint32_t i) const {
  const Node& node = tape_.nodes()[i];
  if (node.kind == Node::Kind::null || taken_[i]) return false;
  if (!node.is_container()) {
    if (node.kind == Node::Kind::text)
      append_json_string(out, node.text);
    else
      out += node.text;
    return true;
  }
  const bool object = node.kind == Node::Kind::object;
  const std::size_t before = out.size();
  char separator = object ? '{' : '[';
  for (std::uint32_t child = i + 1; child < node.next; child = tape_.nodes()[child].next) {
    if (tape_.nodes()[child].replaced) continue;
    const std::size_t mark = out.size();
    out += separator;
    if (object) {
      append_json_string(out, tape_.nodes()[child].key);
      out += ':';
    }
    if (append_untaken(out, child))
      separator = ',';
    else
      out.resize(mark);
  }
  if (out.size() == before) return false;
  out += object ? '}' : ']';
  return true;
}

}  // namespace sluice::normalize
