#include "gateway/normalize/json_tape.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>

#include <nlohmann/json.hpp>

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t depth_max = 64;
constexpr std::size_t nodes_max = 200'000;
/// Buffers that one large message made larger than this are given back after it.
constexpr std::size_t bytes_kept = 256 * 1024;
constexpr std::size_t few_members = 16;

}  // namespace

/// Receives the parser's events (nlohmann::json_sax) and writes the tape.
class JsonTapeWriter {
 public:
  explicit JsonTapeWriter(JsonTape& tape) : tape_(tape) {}

  bool null() { return add(JsonTape::Node::Kind::null, {}); }
  bool boolean(bool value) { return add(JsonTape::Node::Kind::boolean, value ? "true" : "false"); }
  bool number_integer(std::int64_t value) { return add_integer(value); }
  bool number_unsigned(std::uint64_t value) { return add_integer(value); }
  bool number_float(double, const std::string& text) { return add(JsonTape::Node::Kind::number, keep(text)); }
  bool string(std::string& value) { return add(JsonTape::Node::Kind::text, keep(value)); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool key(std::string& value) {
    key_ = keep(value);
    return true;
  }
  bool start_object(std::size_t) { return open(JsonTape::Node::Kind::object); }
  bool start_array(std::size_t) { return open(JsonTape::Node::Kind::array); }
  bool end_object() {
    mark_replaced(tape_.open_.back());
    return close();
  }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) {
    std::string_view what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, ...": the name of the exception helps nobody.
    if (const std::size_t end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
    refusal = Refusal{"not JSON: " + excerpt(what, 200), ""};
    return false;
  }

  std::optional<Refusal> refusal;

 private:
  std::string_view keep(std::string_view text) {
    const std::size_t begin = tape_.texts_.size();
    tape_.texts_ += text;
    return std::string_view(tape_.texts_).substr(begin);
  }

  template <class Integer>
  bool add_integer(Integer value) {
    char digits[24];
    const char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return add(JsonTape::Node::Kind::number, keep({digits, static_cast<std::size_t>(end - digits)}));
  }

  bool add(JsonTape::Node::Kind kind, std::string_view text) {
    if (tape_.nodes_.size() >= nodes_max) {
      refusal = Refusal{"too many: more than " + std::to_string(nodes_max) + " values", ""};
      return false;
    }
    JsonTape::Node node;
    node.kind = kind;
    node.text = text;
    node.next = static_cast<std::uint32_t>(tape_.nodes_.size() + 1);
    if (!tape_.open_.empty() && tape_.nodes_[tape_.open_.back()].kind == JsonTape::Node::Kind::object) {
      node.key = key_;
      node.hash = key_hash(key_);
      tape_.keys_.add(node.hash);
    }
    tape_.nodes_.push_back(node);
    return true;
  }

  bool open(JsonTape::Node::Kind kind) {
    if (tape_.open_.size() >= depth_max) {
      refusal = Refusal{"too deep: more than " + std::to_string(depth_max) + " levels", ""};
      return false;
    }
    if (!add(kind, {})) return false;
    tape_.open_.push_back(static_cast<std::uint32_t>(tape_.nodes_.size() - 1));
    return true;
  }

  bool close() {
    tape_.nodes_[tape_.open_.back()].next = static_cast<std::uint32_t>(tape_.nodes_.size());
    tape_.open_.pop_back();
    return true;
  }

  /// Parsers disagree about members with one name; as in most of them, here the last counts.
  void mark_replaced(std::uint32_t object) {
    std::vector<JsonTape::Node>& nodes = tape_.nodes_;
    std::vector<std::uint32_t>& members = tape_.order_;
    members.clear();
    for (std::uint32_t i = object + 1; i < nodes.size(); i = nodes[i].next) members.push_back(i);
    if (members.size() <= few_members) {
      for (std::size_t a = 0; a < members.size(); ++a)
        for (std::size_t b = a + 1; b < members.size(); ++b)
          if (nodes[members[a]].hash == nodes[members[b]].hash && nodes[members[a]].key == nodes[members[b]].key)
            nodes[members[a]].replaced = true;
      return;
    }
    std::sort(members.begin(), members.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tie(nodes[a].hash, nodes[a].key, a) < std::tie(nodes[b].hash, nodes[b].key, b);
    });
    for (std::size_t i = 0; i + 1 < members.size(); ++i)
      if (nodes[members[i]].key == nodes[members[i + 1]].key) nodes[members[i]].replaced = true;
  }

  JsonTape& tape_;
  std::string_view key_;
};

std::uint32_t key_hash(std::string_view key) {
  std::uint32_t head = 0;
  std::uint32_t tail = 0;
  const std::size_t n = std::min<std::size_t>(key.size(), 4);
  std::memcpy(&head, key.data(), n);
  std::memcpy(&tail, key.data() + key.size() - n, n);
  return static_cast<std::uint32_t>(key.size()) * 0x9e3779b1U ^ head ^ (tail * 0x85ebca6bU);
}

void JsonTape::give_back_memory() {
  if (nodes_.capacity() * sizeof(Node) > bytes_kept) nodes_ = {};
  if (texts_.capacity() > bytes_kept) texts_ = {};
  if (order_.capacity() * sizeof(std::uint32_t) > bytes_kept) order_ = {};
}

std::optional<Refusal> JsonTape::read(std::string_view payload) {
  give_back_memory();
  nodes_.clear();
  keys_.clear();
  texts_.clear();
  open_.clear();
  // C programs send the NUL that ends their string.
  while (payload.ends_with('\0')) payload.remove_suffix(1);
  if (payload.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return Refusal{"not JSON: the payload is empty", ""};
  if (const std::size_t nul = payload.find('\0'); nul != std::string_view::npos)
    return Refusal{"not JSON: a NUL byte at " + std::to_string(nul + 1), ""};
  // Decoded texts are never longer than their source, so that the views into texts_ stay good.
  texts_.reserve(payload.size());
  JsonTapeWriter writer(*this);
  if (nlohmann::json::sax_parse(payload.begin(), payload.end(), &writer)) return std::nullopt;
  nodes_.clear();
  return writer.refusal ? writer.refusal : Refusal{"not JSON", ""};
}

std::uint32_t JsonTape::find(std::uint32_t container, std::string_view key, std::uint32_t hash) const {
  const Node& holder = nodes_[container];
  if (holder.kind == Node::Kind::object) {
    for (std::uint32_t i = container + 1; i < holder.next; i = nodes_[i].next)
      if (nodes_[i].hash == hash && nodes_[i].key == key && !nodes_[i].replaced) return i;
    return Binding::nowhere;
  }
  if (holder.kind != Node::Kind::array) return Binding::nowhere;
  std::uint32_t index = index_of(key);
  for (std::uint32_t i = container + 1; i < holder.next; i = nodes_[i].next)
    if (index-- == 0) return i;
  return Binding::nowhere;
}

std::uint32_t JsonTape::index_of(std::string_view key) {
  // An index has no leading zero.
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size() || (key.size() > 1 && key[0] == '0'))
    return Binding::nowhere;
  return index;
}

void JsonTape::append_json(std::string& out, std::uint32_t node) const {
  const Node& holder = nodes_[node];
  if (!holder.is_container()) {
    if (holder.kind == Node::Kind::text)
      append_json_string(out, holder.text);
    else
      out += holder.kind == Node::Kind::null ? std::string_view("null") : holder.text;
    return;
  }
  const bool object = holder.kind == Node::Kind::object;
  out += object ? '{' : '[';
  bool first = true;
  for (std::uint32_t i = node + 1; i < holder.next; i = nodes_[i].next) {
    if (nodes_[i].replaced) continue;
    if (!first) out += ',';
    first = false;
    if (object) {
      append_json_string(out, nodes_[i].key);
      out += ':';
    }
    append_json(out, i);
  }
  out += object ? '}' : ']';
}

}  // namespace sluice::normalize
