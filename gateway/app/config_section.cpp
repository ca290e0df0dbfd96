#include "gateway/app/config_section.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "gateway/app/config_expansion.h"
#include "gateway/core/json_text.h"
#include "gateway/core/size_text.h"

namespace sluice::app {

using normalize::Place;
using normalize::YamlNode;

namespace {

constexpr std::size_t quoted_max = 80;

/// What stands in the file, never what was put in for it.
std::string quote(const YamlNode& node) {
  std::string text = node.text.substr(0, quoted_max);
  while (!is_utf8(text)) text.pop_back();
  return "'" + text + (text.size() < node.text.size() ? "…'" : "'");
}

/// In the largest unit that gives a whole number.
std::string written(std::int64_t number, std::initializer_list<std::pair<std::int64_t, std::string_view>> units) {
  for (const auto& [factor, unit] : units)
    if (number != 0 && number % factor == 0) return std::to_string(number / factor) + std::string(unit);
  return "0" + std::string(units.end()[-1].second);
}

std::string duration_text(Duration duration) {
  return written(duration.count(), {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}});
}

std::string size_text(std::int64_t bytes) {
  return written(bytes,
                 {{std::int64_t{1} << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}});
}

std::string between(const std::string& least, const std::string& most) {
  return "must be at least " + least + " and at most " + most;
}

bool is_one_line(std::string_view text) {
  return is_utf8(text) && std::all_of(text.begin(), text.end(),
                                      [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i)
    out += std::string(i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  return out;
}

}  // namespace

Section::Section(const YamlNode& root, Reading& reading)
    : Section(root.is_map() ? &root : nullptr, root.place, "", reading) {}

Section::Section(const YamlNode* node, Place place, std::string path, Reading& reading)
    : node_(node), place_(std::move(place)), path_(std::move(path)), reading_(reading) {
  if (node_ == nullptr || node_->is_map()) return;
  reading_.problems.add(node_->place, path_ + " is " + std::string(node_->kind_name()) + "; write `key: value` lines");
  node_ = nullptr;
  refused_ = true;
}

Section::~Section() {
  if (node_ == nullptr) return;
  normalize::refuse_unknown_keys(*node_, {asked_.begin(), asked_.end()}, reading_.problems);
}

Section Section::section(std::string_view key) {
  const YamlNode* node = find(key);
  reading_.keys.erase(path_of(key));
  if (has(key)) say(key, "{}");
  return {node, node == nullptr ? place_ : node->place, path_of(key), reading_};
}

void Section::say(std::string_view key, std::string_view what) {
  (reading_.said += path_of(key)).append(1, '\0').append(what).append(1, '\0');
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const YamlNode* Section::find(std::string_view key) {
  asked_.emplace_back(key);
  reading_.keys.insert(path_of(key));
  const YamlNode* node = node_ == nullptr ? nullptr : node_->find(key);
  return node == nullptr || node->kind == YamlNode::Kind::null ? nullptr : node;
}

bool Section::has(std::string_view key) const {
  return node_ != nullptr && node_->find(key) != nullptr;
}

void Section::fail(std::string_view key, std::string_view message) {
  const YamlNode* node = node_ == nullptr ? nullptr : node_->find(key);
  fail_at(node == nullptr ? place_ : node->place, key, message);
}

void Section::fail_at(const Place& place, std::string_view key, std::string_view message) {
  reading_.problems.add(place, path_of(key) + ": " + std::string(message));
}

std::optional<Value> Section::value_of(const YamlNode& node, std::string_view key) {
  if (!node.is_scalar()) {
    fail_at(node.place, key, "is " + std::string(node.kind_name()) + "; write a single value");
    return std::nullopt;
  }
  auto text = expand(node, reading_.folder, reading_.problems, reading_.warnings);
  if (!text) return std::nullopt;
  say(key, *text);
  return Value{std::move(*text), &node};
}

std::optional<Value> Section::value(std::string_view key) {
  const YamlNode* node = find(key);
  if (node == nullptr) {
    if (has(key)) fail(key, "has no value; write one or take the line away");
    return std::nullopt;
  }
  reading_.places.insert_or_assign(path_of(key), node->place);
  auto read = value_of(*node, key);
  if (!read || !read->text.empty()) return read;
  fail(key, "is empty; write a value or take the line away");
  return std::nullopt;
}

std::optional<Value> Section::required(std::string_view key, std::string_view what_to_write) {
  auto read = value(key);
  if (!read && !has(key) && !refused_)
    reading_.problems.add(place_, path_of(key) + " is missing; " + std::string(what_to_write));
  return read;
}

void Section::text(std::string_view key, std::string& value) {
  auto read = this->value(key);
  if (!read) return;
  if (!is_one_line(read->text)) return fail(key, "must be one line of UTF-8 without control characters");
  value = std::move(read->text);
}

void Section::secret(std::string_view key, std::string& value) {
  text(key, value);
  if (const YamlNode* node = find(key); node != nullptr && node->text == value) reading_.secret_in_the_open = true;
}

std::filesystem::path Section::resolved(const Value& value) const {
  return (reading_.folder / value.text).lexically_normal();
}

std::string Section::shown(const Value& value) const {
  return value.literal() ? resolved(value).string() : quote(*value.node);
}

void Section::path(std::string_view key, std::filesystem::path& value) {
  std::string name;
  text(key, name);
  if (!name.empty()) value = (reading_.folder / name).lexically_normal();
}

void Section::readable_file(std::string_view key, std::string& value) {
  const auto name = this->value(key);
  if (!name) return;
  const FileText file = read_text_file(resolved(*name), 1 << 20);
  if (!file.text) return fail(key, shown(*name) + " " + file.why_not);
  say(key, *file.text);
  value = resolved(*name).string();
}

void Section::flag(std::string_view key, bool& value) {
  const auto read = this->value(key);
  if (!read) return;
  if (read->text != "true" && read->text != "false")
    return fail(key, quote(*read->node) + " is neither true nor false");
  value = read->text == "true";
}

void Section::duration(std::string_view key, Duration& value, Bounds<Duration> bounds) {
  const auto read = this->value(key);
  if (!read) return;
  const auto parsed = parse_duration(read->text);
  if (!parsed)
    return fail(key, quote(*read->node) + " is not a duration; write for example 250ms, 30s, 15m, 12h or 7d");
  if (*parsed < bounds.least || *parsed > bounds.most)
    return fail(key, between(duration_text(bounds.least), duration_text(bounds.most)));
  value = *parsed;
}

std::optional<std::int64_t> Section::size_of(std::string_view key, Bounds<std::int64_t> bounds) {
  const auto read = value(key);
  if (!read) return std::nullopt;
  const auto parsed = parse_size(read->text);
  if (!parsed)
    fail(key, quote(*read->node) + " is not a size; write for example 64KiB, 512MiB or 1GiB");
  else if (*parsed < bounds.least || *parsed > bounds.most)
    fail(key, between(size_text(bounds.least), size_text(bounds.most)));
  else
    return parsed;
  return std::nullopt;
}

std::optional<std::int64_t> Section::number_of(std::string_view key, Bounds<std::int64_t> bounds) {
  const auto read = value(key);
  if (!read) return std::nullopt;
  std::int64_t parsed = 0;
  const char* const last = read->text.data() + read->text.size();
  const auto [end, error] = std::from_chars(read->text.data(), last, parsed);
  if (error != std::errc() || end != last)
    fail(key, quote(*read->node) + " is not a whole number");
  else if (parsed < bounds.least || parsed > bounds.most)
    fail(key, between(std::to_string(bounds.least), std::to_string(bounds.most)));
  else
    return parsed;
  return std::nullopt;
}

std::optional<std::size_t> Section::choice_of(std::string_view key, const std::vector<std::string_view>& words) {
  const auto read = value(key);
  if (!read) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), read->text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string hint = read->literal() ? normalize::did_you_mean(read->text, words) : "";
  fail(key, quote(*read->node) + " is not known here; write " + listed(words) + hint);
  return std::nullopt;
}

std::vector<const YamlNode*> Section::items(std::string_view key) {
  std::vector<const YamlNode*> out;
  const YamlNode* node = find(key);
  if (node == nullptr) return out;
  if (!node->is_sequence()) {
    fail(key, "is " + std::string(node->kind_name()) + "; write a list: [a, b], or a line `- a` for each");
    return out;
  }
  for (const YamlNode& item : node->items) out.push_back(&item);
  return out;
}

std::vector<const YamlNode*> Section::maps(std::string_view key) {
  std::vector<const YamlNode*> out = items(key);
  reading_.keys.erase(path_of(key));
  return out;
}

std::vector<Value> Section::list(std::string_view key) {
  std::vector<Value> out;
  for (const YamlNode* item : items(key)) {
    auto read = value_of(*item, key);
    if (!read) continue;
    if (read->text.empty() || !is_one_line(read->text)) {
      fail_at(item->place, key, "every entry must be one line of UTF-8 and not empty");
      continue;
    }
    out.push_back(std::move(*read));
  }
  return out;
}

std::vector<std::pair<const YamlNode::Member*, Value>> Section::members(std::string_view key) {
  std::vector<std::pair<const YamlNode::Member*, Value>> out;
  const YamlNode* node = find(key);
  if (node == nullptr) return out;
  if (!node->is_map()) {
    fail(key, "is " + std::string(node->kind_name()) + "; write { name: value }");
    return out;
  }
  for (const YamlNode::Member& member : node->members) {
    say(key, member.key);
    if (auto read = value_of(member.value, key)) out.emplace_back(&member, std::move(*read));
  }
  return out;
}

}  // namespace sluice::app
