#include "gateway/normalize/event_difference.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "gateway/core/time_text.h"
#include "gateway/normalize/number_text.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

using nlohmann::json;

constexpr std::size_t unexpected_max = 20;  ///< more would hide what is missing

/// A record as examples see it: its data, and what its envelope says.
json event_of(const Record& record) {
  json event = json::parse(record.data);
  event["kind"] = name_of(record.kind);
  event["time"] = rfc3339(record.time);
  return event;
}

bool is_equal(const Scalar& wanted, const json& found) {
  switch (wanted.kind) {
    case Scalar::Kind::null:
      return found.is_null();
    case Scalar::Kind::boolean:
      return found.is_boolean() && found.get<bool>() == (wanted.text == "true");
    case Scalar::Kind::string:
      return found.is_string() && found.get<std::string>() == wanted.text;
    case Scalar::Kind::number:
      break;
  }
  // As text first: numbers beyond a double must not lose digits unseen.
  return found.is_number() && (found.dump() == wanted.text || parse_number(wanted.text) == found.get<double>());
}

/// What the example states, written as JSON would: text in quotes, so that "5" and 5 can be told apart.
json json_of(const YamlNode& node) {
  if (node.is_map()) {
    json object = json::object();
    for (const YamlNode::Member& member : node.members) object[member.key] = json_of(member.value);
    return object;
  }
  if (node.is_sequence()) {
    json list = json::array();
    for (const YamlNode& item : node.items) list.push_back(json_of(item));
    return list;
  }
  Problems ignored;
  const Scalar scalar = read_scalar(node, ignored);
  const bool plain = scalar.kind == Scalar::Kind::boolean || scalar.kind == Scalar::Kind::number;
  const json value = plain ? json::parse(scalar.text, nullptr, false) : json(scalar.text);
  if (scalar.kind == Scalar::Kind::null) return nullptr;
  return value.is_discarded() ? json(scalar.text) : value;
}

/// A reading as people say it: 21.5, or {"unit":"Cel","value":21.5}.
std::string text_of(const json& value) {
  const bool bare = value.is_object() && value.size() == 1 && value.contains("value");
  return (bare ? value.at("value") : value).dump(-1, ' ', false, json::error_handler_t::replace);
}

class Comparison {
 public:
  explicit Comparison(std::vector<FieldDifference>& out) : out_(out) {}

  void compare(const YamlNode& wanted, const json& found, const std::string& path) {
    if (wanted.is_map()) return compare_map(wanted, found, path);
    if (wanted.is_sequence()) return compare_list(wanted, found, path);
    Problems ignored;
    if (!is_equal(read_scalar(wanted, ignored), found)) differ(wanted, found, path);
  }

 private:
  void differ(const YamlNode& wanted, const json& found, const std::string& path) {
    out_.push_back({path, text_of(json_of(wanted)), text_of(found), {}});
  }

  void compare_map(const YamlNode& wanted, const json& found, const std::string& path) {
    if (!found.is_object()) return differ(wanted, found, path);
    bool missing = false;
    for (const YamlNode::Member& member : wanted.members) {
      const std::string below = path.empty() ? member.key : path + "." + member.key;
      const auto part = found.find(member.key);
      if (part == found.end()) {
        out_.push_back({below, text_of(json_of(member.value)), {}, nearest(member.key, wanted, found)});
        missing = true;
        continue;
      }
      // `power: 5` is short for `power: { value: 5 }`.
      const bool is_short = path == "readings" && !member.value.is_map() && part->is_object();
      compare(member.value, is_short ? part->at("value") : *part, below);
    }
    if (missing && path == "readings") tell_unexpected(wanted, found, path);
  }

  void compare_list(const YamlNode& wanted, const json& found, const std::string& path) {
    if (!found.is_array() || found.size() != wanted.items.size()) return differ(wanted, found, path);
    for (std::size_t i = 0; i < wanted.items.size(); ++i)
      compare(wanted.items[i], found[i], path + "." + std::to_string(i));
  }

  /// A name that is there, that the example does not speak of, and that is nearly this one.
  static std::string nearest(const std::string& key, const YamlNode& wanted, const json& found) {
    std::string best;
    for (const auto& [name, value] : found.items()) {
      if (wanted.find(name) != nullptr || did_you_mean(key, {name}).empty()) continue;
      if (best.empty() || name == key + "s" || name + "s" == key) best = name;
    }
    return best;
  }

  void tell_unexpected(const YamlNode& wanted, const json& found, const std::string& path) {
    std::size_t told = 0;
    for (const auto& [name, value] : found.items()) {
      if (wanted.find(name) != nullptr || ++told > unexpected_max) continue;
      out_.push_back({path + "." + name, {}, text_of(value), {}});
    }
  }

  std::vector<FieldDifference>& out_;
};

}  // namespace

std::vector<FieldDifference> differences(const YamlNode& wanted, const Record& record) {
  std::vector<FieldDifference> out;
  Comparison(out).compare(wanted, event_of(record), "");
  return out;
}

}  // namespace sluice::normalize
