#include "gateway/normalize/xml_source.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include <pugixml.hpp>

#include "gateway/core/json_text.h"
#include "gateway/normalize/number_text.h"
#include "gateway/normalize/xml_scan.h"
#include "gateway/normalize/xpath_query.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t attributes_max = 200;
constexpr unsigned parse_options =
    pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_wconv_attribute;

bool is_text(const pugi::xml_node& node) {
  return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata;
}

/// The string-value of a node: all the text in it (XPath 1.0 section 5.2). As deep as the document, at most 64.
void append_text(std::string& out, const pugi::xml_node& node) {
  if (is_text(node)) out += node.value();
  for (const pugi::xml_node& child : node.children()) append_text(out, child);
}

void trim(std::string& text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.erase(text.find_last_not_of(blanks) + 1);
  text.erase(0, text.find_first_not_of(blanks));
}

/// pugixml takes an element that has one attribute twice (XML 1.0 section 3.1 does not).
std::optional<Refusal> check_attributes(const pugi::xml_node& node) {
  std::vector<std::string_view> names;
  for (const pugi::xml_attribute& attribute : node.attributes()) names.emplace_back(attribute.name());
  if (names.size() > attributes_max)
    return Refusal{"too many: an element has more than " + std::to_string(attributes_max) + " attributes", ""};
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return Refusal{"not XML: the attribute '" + excerpt(*twice) + "' stands twice in one element", ""};
  for (const pugi::xml_node& child : node.children())
    if (std::optional<Refusal> refusal = check_attributes(child)) return refusal;
  return std::nullopt;
}

const XmlAddress& way_of(const Address& address) {
  return std::get<XmlAddress>(address.way);
}

const XPath::Compiled& path_of(const Address& address) {
  return way_of(address).path->compiled();
}

/// The name without its prefix.
std::string_view local_name(const pugi::xpath_node& node) {
  const std::string_view name = node.attribute() ? node.attribute().name() : node.node().name();
  return name.substr(name.find(':') + 1);
}

/// What holds other elements is no value, as in JSON.
bool holds_elements(const pugi::xpath_node& node) {
  if (node.attribute()) return false;
  return std::any_of(node.node().begin(), node.node().end(),
                     [](const pugi::xml_node& child) { return child.type() == pugi::node_element; });
}

pugi::xpath_node_set in_order(const XPath::Compiled& path, const pugi::xpath_node& at) {
  if (path.query.return_type() != pugi::xpath_type_node_set) return {};
  pugi::xpath_node_set nodes = path.query.evaluate_node_set(at);
  nodes.sort();
  return nodes;
}

/// Calls visit(node) for what the address finds whose name its wildcard takes, until it returns false.
template <class Visit>
void walk(const XmlAddress& way, const pugi::xpath_node& at, Bindings& bindings, const Visit& visit) {
  for (const pugi::xpath_node& node : in_order(way.path->compiled(), at)) {
    const std::string_view name = local_name(node);
    if (!way.wildcard->takes(name)) continue;
    bindings[way.slot].text = way.wildcard->inner(name);
    if (!visit(node)) return;
  }
}

}  // namespace

struct XmlSource::Document {
  /// The answer of an address that begins upwards: the same for all elements with one ancestor.
  struct Kept {
    const XPath::Compiled* path;
    pugi::xml_node at;
    Value::Kind kind;
    std::string text;
  };

  pugi::xpath_node above(std::size_t ups) const {
    if (ups == 0) return element;
    pugi::xml_node node = element.attribute() ? element.parent() : element.node().parent();
    for (std::size_t i = 1; i < ups; ++i) node = node.parent();
    return node;
  }

  Value::Kind evaluate(const XPath::Compiled& path, const pugi::xpath_node& at, std::string& text) {
    switch (path.query.return_type()) {
      case pugi::xpath_type_node_set: {
        const pugi::xpath_node found = path.query.evaluate_node(at);
        if (!found) return Value::Kind::absent;
        return read(found, text);
      }
      case pugi::xpath_type_boolean:
        text = path.query.evaluate_boolean(at) ? "true" : "false";
        return Value::Kind::boolean;
      case pugi::xpath_type_number: {
        const double number = path.query.evaluate_number(at);
        if (std::isfinite(number))
          append_double(text, number);
        else
          text = "NaN";
        return std::isfinite(number) ? Value::Kind::number : Value::Kind::text;
      }
      default:
        text = path.query.evaluate_string(at);
    }
    trim(text);
    return text.empty() ? Value::Kind::absent : Value::Kind::text;
  }

  /// The text of a node, which is taken with it.
  Value::Kind read(const pugi::xpath_node& node, std::string& text) {
    if (remembers) taken.insert(object_of(node));
    if (node.attribute())
      text = node.attribute().value();
    else
      append_text(text, node.node());
    trim(text);
    return text.empty() ? Value::Kind::absent : Value::Kind::text;
  }

  static const void* object_of(const pugi::xpath_node& node) {
    return node.attribute() ? static_cast<const void*>(node.attribute().internal_object())
                            : static_cast<const void*>(node.node().internal_object());
  }
  bool is_taken(const void* object) const { return taken.count(object) > 0; }

  bool append_rest(std::string& out, const pugi::xml_node& node) const;
  void append_attributes(std::string& out, const pugi::xml_node& node, char& separator) const;

  pugi::xml_document xml;
  std::string converted;
  pugi::xpath_node element;  ///< what addresses are relative to
  std::vector<pugi::xpath_node> elements;
  const XmlAddress* each = nullptr;
  std::size_t next = 0;
  bool whole = true;              ///< the document is the one element
  std::deque<std::string> texts;  ///< of this element's values
  std::deque<Kept> kept;          ///< by path; their texts stay where they are
  bool remembers = false;
  std::unordered_set<const void*> taken;
};

XmlSource::XmlSource() : document_(std::make_unique<Document>()) {}
XmlSource::~XmlSource() = default;

std::optional<Refusal> XmlSource::open(std::string_view payload) {
  Document& document = *document_;
  document.elements.clear();
  document.texts.clear();
  document.kept.clear();
  document.remembers = false;
  document.xml.reset();
  if (std::optional<Refusal> refusal = decode_xml(payload, document.converted)) return refusal;
  if (std::optional<Refusal> refusal = scan_xml(payload)) return refusal;
  const pugi::xml_parse_result parsed =
      document.xml.load_buffer(payload.data(), payload.size(), parse_options, pugi::encoding_utf8);
  if (!parsed)
    return Refusal{"not XML: " + std::string(parsed.description()) + " at byte " + std::to_string(parsed.offset + 1),
                   ""};
  document.element = document.xml;
  return check_attributes(document.xml);
}

bool XmlSource::exists(const Address& address, Bindings& bindings) {
  if (!address.has_wildcard) return holds(address, bindings);
  bool any = false;
  walk(way_of(address), document_->element, bindings, [&](const pugi::xpath_node&) { return !(any = true); });
  return any;
}

bool XmlSource::holds(const Address& address, const Bindings&) {
  const XPath::Compiled& path = path_of(address);
  const pugi::xpath_node at = document_->above(path.ups);
  if (path.query.return_type() == pugi::xpath_type_node_set) return static_cast<bool>(path.query.evaluate_node(at));
  return path.query.evaluate_boolean(at);
}

Value XmlSource::first(const Address& address, Bindings& bindings) {
  if (address.has_wildcard) {
    FirstValue found;
    visit(address, bindings, found);
    return found.value;
  }
  const XPath::Compiled& path = path_of(address);
  Document& document = *document_;
  const pugi::xpath_node at = document.above(path.ups);
  if (path.ups == 0) {
    std::string& text = document.texts.emplace_back();
    const Value::Kind kind = document.evaluate(path, at, text);
    return {kind, text};
  }
  const auto same = [&](const Document::Kept& one) { return one.path == &path; };
  auto kept = std::find_if(document.kept.begin(), document.kept.end(), same);
  if (kept == document.kept.end()) {
    document.kept.push_back({&path, {}, Value::Kind::absent, {}});
    kept = std::prev(document.kept.end());
  }
  if (kept->at != at.node() || !kept->at) {
    kept->at = at.node();
    kept->text.clear();
    kept->kind = document.evaluate(path, at, kept->text);
  }
  return {kept->kind, kept->text};
}

void XmlSource::visit(const Address& address, Bindings& bindings, Visitor& visitor) {
  Document& document = *document_;
  walk(way_of(address), document.element, bindings, [&](const pugi::xpath_node& node) {
    if (holds_elements(node) || document.is_taken(Document::object_of(node))) return true;
    std::string& text = document.texts.emplace_back();
    return document.read(node, text) == Value::Kind::absent || visitor.visit({Value::Kind::text, text});
  });
}

std::optional<Refusal> XmlSource::begin(const Address* each, Bindings& bindings, bool remember) {
  Document& document = *document_;
  document.next = 0;
  document.whole = each == nullptr;
  document.remembers = remember;
  document.taken.clear();
  document.elements.clear();
  if (each == nullptr) return std::nullopt;
  const XPath::Compiled& path = path_of(*each);
  if (path.query.return_type() != pugi::xpath_type_node_set) return Refusal{"not a list", each->text};
  document.each = &way_of(*each);
  if (each->has_wildcard)
    walk(way_of(*each), document.xml, bindings, [&](const pugi::xpath_node& node) {
      document.elements.push_back(node);
      return true;
    });
  else if (const pugi::xpath_node_set found = in_order(path, document.xml); !found.empty())
    document.elements.assign(found.begin(), found.end());
  if (document.elements.size() > elements_max)
    return Refusal{"too many: more than " + std::to_string(elements_max) + " elements", each->text};
  return std::nullopt;
}

bool XmlSource::next(Bindings& bindings) {
  Document& document = *document_;
  if (document.next == (document.whole ? 1 : document.elements.size())) return false;
  document.texts.clear();
  document.element = document.whole ? pugi::xpath_node(document.xml) : document.elements[document.next];
  ++document.next;
  if (!document.whole && document.each->wildcard)
    bindings[document.each->slot].text = document.each->wildcard->inner(local_name(document.element));
  return true;
}

/// `{"name":"text","@id":"7","list":["a","b"]}`: what an element holds and nobody asked for. The document itself counts
/// as its one element.
bool XmlSource::append_rest(std::string& out) {
  pugi::xml_node node = document_->element.node();
  if (node.type() == pugi::node_document) node = document_->xml.document_element();
  const bool has_parts = node.first_attribute() ||
                         std::any_of(node.begin(), node.end(),
                                     [](const pugi::xml_node& child) { return child.type() == pugi::node_element; });
  return has_parts && document_->append_rest(out, node);
}

void XmlSource::Document::append_attributes(std::string& out, const pugi::xml_node& node, char& separator) const {
  for (const pugi::xml_attribute& attribute : node.attributes()) {
    if (is_taken(attribute.internal_object())) continue;
    out += separator;
    append_json_string(out, std::string("@") + attribute.name());
    out += ':';
    append_json_string(out, attribute.value());
    separator = ',';
  }
}

bool XmlSource::Document::append_rest(std::string& out, const pugi::xml_node& node) const {
  if (is_taken(node.internal_object())) return false;
  std::vector<pugi::xml_node> children;
  for (const pugi::xml_node& child : node.children())
    if (child.type() == pugi::node_element) children.push_back(child);
  if (children.empty() && !node.first_attribute()) {
    std::string text;
    append_text(text, node);
    trim(text);
    if (!text.empty()) append_json_string(out, text);
    return !text.empty();
  }
  const auto by_name = [](const pugi::xml_node& a, const pugi::xml_node& b) {
    return std::string_view(a.name()) < std::string_view(b.name());
  };
  std::stable_sort(children.begin(), children.end(), by_name);
  char separator = '{';
  append_attributes(out, node, separator);
  for (auto group = children.begin(); group != children.end();) {
    const auto end = std::upper_bound(group, children.end(), *group, by_name);
    const std::size_t mark = out.size();
    out += separator;
    append_json_string(out, group->name());
    const bool list = end - group > 1;
    out += list ? ":[" : ":";
    bool any = false;
    for (; group != end; ++group) {
      const std::size_t before = out.size();
      if (any) out += ',';
      if (append_rest(out, *group))
        any = true;
      else
        out.resize(before);
    }
    if (any && list) out += ']';
    if (any)
      separator = ',';
    else
      out.resize(mark);
  }
  if (separator == '{') return false;
  out += '}';
  return true;
}

}  // namespace sluice::normalize
