#include <map>

#include <pugixml.hpp>

#include "gateway/normalize/draft_payload.h"
#include "gateway/normalize/xml_scan.h"

namespace sluice::normalize {

namespace {

/// Elements of one name beside each other, if they hold something themselves: each is likely to be a device.
pugi::xml_node find_repeated(const pugi::xml_node& node) {
  std::map<std::string_view, int> names;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const bool holds = child.first_attribute() || child.first_child().type() == pugi::node_element;
    if (holds && ++names[child.name()] > 1) return child;
  }
  for (const pugi::xml_node child : node.children())
    if (const pugi::xml_node found = find_repeated(child)) return found;
  return {};
}

std::string path_of(const pugi::xml_node& node) {
  return node.type() == pugi::node_document ? "" : path_of(node.parent()) + "/" + node.name();
}

void walk(Look& look, const pugi::xml_node& node, const std::string& address, std::vector<std::string>& path) {
  const std::string before = address.empty() ? "" : address + "/";
  for (const pugi::xml_attribute attribute : node.attributes()) {
    path.emplace_back(attribute.name());
    add_field(look, before + "@" + attribute.name(), path, attribute.value(), '.');
    path.pop_back();
  }
  std::map<std::string_view, int> count;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    const int index = ++count[child.name()];
    path.emplace_back(index > 1 ? child.name() + std::string("_") + std::to_string(index) : child.name());
    const std::string below = before + child.name() + (index > 1 ? "[" + std::to_string(index) + "]" : "");
    walk(look, child, below, path);
    path.pop_back();
  }
  if (count.empty() && *node.child_value() != '\0')
    add_field(look, address.empty() ? "." : address, path, node.child_value(), '.');
}

}  // namespace

std::optional<Look> look_at_xml(std::string_view payload) {
  pugi::xml_document document;
  if (!payload.starts_with('<') || scan_xml(payload)) return std::nullopt;
  if (!document.load_buffer(payload.data(), payload.size())) return std::nullopt;
  Look look;
  look.format = Format::xml;
  const pugi::xml_node root = document.document_element();
  std::vector<std::string> path;
  const pugi::xml_node repeated = find_repeated(root);
  if (!repeated) {
    walk(look, root, std::string("/") + root.name(), path);
    return look;
  }
  look.each = path_of(repeated);
  for (const pugi::xml_node one : repeated.parent().children(repeated.name())) walk(look, one, "", path);
  return look;
}

}  // namespace sluice::normalize
