#include "gateway/normalize/yaml_map.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

bool is_true(std::string_view text) {
  return text == "true" || text == "True" || text == "TRUE";
}
bool is_false(std::string_view text) {
  return text == "false" || text == "False" || text == "FALSE";
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

}  // namespace

YamlMap::YamlMap(const YamlNode& node, std::string_view what, Problems& problems)
    : node_(node), what_(what), problems_(problems) {
  if (!node.is_map())
    problems.add(node.place,
                 std::string(what) + " must be a map (key: value), but here is " + std::string(node.kind_name()));
}

const YamlNode* YamlMap::find(std::string_view key) {
  known_.push_back(key);
  return node_.find(key);
}

const YamlNode* YamlMap::require(std::string_view key) {
  const YamlNode* value = find(key);
  if (value == nullptr && node_.is_map())
    problems_.add(node_.place, std::string(what_) + " needs '" + std::string(key) + "'");
  return value;
}

void YamlMap::wrong(const YamlNode& value, std::string_view key, std::string_view wanted) {
  const std::string found = value.is_scalar() ? "'" + value.text + "'" : std::string(value.kind_name());
  problems_.add(value.place, "'" + std::string(key) + "' must be " + std::string(wanted) + ", not " + found);
}

const YamlNode* YamlMap::scalar(std::string_view key) {
  const YamlNode* value = find(key);
  if (value == nullptr || value->is_scalar()) return value;
  wrong(*value, key, "a single value");
  return nullptr;
}

std::optional<Text> YamlMap::text(std::string_view key) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  return Text{value->text, value->place};
}

std::optional<Text> YamlMap::require_text(std::string_view key) {
  std::optional<Text> found = text(key);
  if (!found && node_.is_map() && node_.find(key) == nullptr) require(key);
  return found;
}

std::string YamlMap::text_or(std::string_view key, std::string fallback) {
  const YamlNode* value = scalar(key);
  return value == nullptr ? std::move(fallback) : value->text;
}

std::optional<double> YamlMap::number(std::string_view key) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<double> number = value->quoted ? std::nullopt : parse_number(value->text);
  if (!number) wrong(*value, key, "a number");
  return number;
}

std::optional<bool> YamlMap::flag(std::string_view key) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  if (is_true(value->text)) return true;
  if (is_false(value->text)) return false;
  wrong(*value, key, "true or false");
  return std::nullopt;
}

std::optional<char> YamlMap::character(std::string_view key) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  if (value->text == "tab" || value->text == "\\t") return '\t';
  if (value->text.size() == 1 && static_cast<unsigned char>(value->text[0]) < 0x80) return value->text[0];
  wrong(*value, key, "one character");
  return std::nullopt;
}

std::optional<std::size_t> YamlMap::count(std::string_view key, std::size_t max) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  std::size_t number = 0;
  const char* end = value->text.data() + value->text.size();
  const auto [stop, error] = std::from_chars(value->text.data(), end, number);
  if (error == std::errc() && stop == end && number <= max) return number;
  wrong(*value, key, "a whole number from 0 to " + std::to_string(max));
  return std::nullopt;
}

std::vector<std::string> YamlMap::texts(std::string_view key) {
  const YamlNode* value = find(key);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (value->is_scalar()) return {value->text};
  if (!value->is_sequence()) wrong(*value, key, "a value or a list of values");
  for (const YamlNode& item : value->items) {
    if (item.is_scalar())
      out.push_back(item.text);
    else
      wrong(item, key, "a list of single values");
  }
  return out;
}

std::optional<std::size_t> YamlMap::choice(std::string_view key, const std::vector<std::string_view>& words) {
  const YamlNode* value = scalar(key);
  if (value == nullptr) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), value->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  problems_.add(value->place, "'" + std::string(key) + "' must be " + list_of(words) + ", not '" + value->text + "'" +
                                  did_you_mean(value->text, words));
  return std::nullopt;
}

void YamlMap::finish() {
  refuse_unknown_keys(node_, known_, problems_);
}

Scalar read_scalar(const YamlNode& node, Problems& problems) {
  if (node.kind == YamlNode::Kind::null) return {};
  if (!node.is_scalar()) {
    problems.add(node.place, "here must be a single value, not " + std::string(node.kind_name()));
    return {};
  }
  if (node.quoted) return {Scalar::Kind::string, node.text};
  if (is_true(node.text)) return {Scalar::Kind::boolean, "true"};
  if (is_false(node.text)) return {Scalar::Kind::boolean, "false"};
  std::string number;
  if (append_number(number, node.text)) return {Scalar::Kind::number, number};
  return {Scalar::Kind::string, node.text};
}

ValueMap read_value_map(const YamlNode& node, Problems& problems) {
  ValueMap map;
  if (!node.is_map() || node.members.empty())
    problems.add(node.place, "'map' must say what becomes what, as in { ON: true, OFF: false }");
  for (const YamlNode::Member& member : node.members) map.emplace_back(member.key, read_scalar(member.value, problems));
  return map;
}

}  // namespace sluice::normalize
