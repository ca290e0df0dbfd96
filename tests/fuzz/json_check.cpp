#include "tests/fuzz/json_check.h"

#include <set>

#include <nlohmann/json.hpp>

#include "tests/fuzz/target.h"

namespace sluice::fuzz {

using nlohmann::json;

namespace {

/// Refuses what could not be copied either: nlohmann's values need a stack as deep as they are.
std::optional<json> read(std::string_view text) {
  int deepest = 0;
  const json::parser_callback_t look = [&](int depth, json::parse_event_t, json&) {
    deepest = std::max(deepest, depth);
    return depth < 1000;
  };
  json value = json::parse(text, look, false);
  if (value.is_discarded() || deepest >= 1000) return std::nullopt;
  return value;
}

/// Watches a document go by.
class Clean final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return down(); }
  bool start_array(std::size_t) override { return down(); }
  bool end_object() override { return up(); }
  bool end_array() override { return up(); }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second) twin = name;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  std::optional<std::string> twin;
  std::size_t deepest = 0;

 private:
  bool down() {
    names_.emplace_back();
    deepest = std::max(deepest, names_.size());
    return true;
  }
  bool up() {
    names_.pop_back();
    return true;
  }
  std::vector<std::set<std::string>> names_;
};

}  // namespace

bool is_json(std::string_view text) {
  return json::accept(text);
}

bool is_json_object(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{' && json::accept(text);
}

void require_clean_object(std::string_view text, std::string_view what, int depth_max) {
  const std::string name(what);
  Clean clean;
  require(text.starts_with('{') && json::sax_parse(text, &clean), name + " is a JSON object with finite numbers", text);
  require(!clean.twin, name + " has no name twice", clean.twin.value_or(""));
  require(clean.deepest <= static_cast<std::size_t>(depth_max), name + " is not too deep", text);
}

std::optional<std::vector<std::pair<std::string, std::string>>> members_of(std::string_view text) {
  const std::optional<json> value = read(text);
  if (!value || !value->is_object()) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> members;
  for (const auto& [name, member] : value->items()) members.emplace_back(name, member.dump());
  return members;
}

std::string rewritten(std::string_view text) {
  const std::optional<json> value = read(text);
  return value ? value->dump() : std::string();
}

std::optional<std::string> text_member(std::string_view text, std::string_view name) {
  const std::optional<json> value = read(text);
  if (!value || !value->is_object() || !value->contains(name)) return std::nullopt;
  const json& member = value->at(std::string(name));
  if (!member.is_string()) return std::nullopt;
  return member.get<std::string>();
}

std::string object_of(const Members& texts, const Members& objects) {
  json value = json::object();
  for (const auto& [name, text] : texts)
    if (!text.empty()) value[name] = text;
  for (const auto& [name, text] : objects)
    if (!text.empty()) value[name] = json::parse(text);
  return value.dump();
}

}  // namespace sluice::fuzz
