#include "connectors/azure_iot_hub/json_member.h"

#include <algorithm>
#include <utility>

#include "gateway/core/json_text.h"

namespace sluice::azure_iot_hub {

namespace {

constexpr std::size_t depth_max = 64;

void skip_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool take(std::string_view& text, char c) {
  skip_space(text);
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool skip_nested(std::string_view& text) {
  std::string open;
  do {
    const char c = text.front();
    if (c == '"') {
      if (!take_json_string(text)) return false;
    } else {
      if (c == '{' || c == '[') open += c == '{' ? '}' : ']';
      if (c == '}' || c == ']') {
        if (open.back() != c) return false;
        open.pop_back();
      }
      text.remove_prefix(1);
    }
  } while (!open.empty() && !text.empty() && open.size() <= depth_max);
  return open.empty();
}

bool skip_value(std::string_view& text) {
  skip_space(text);
  if (text.empty()) return false;
  if (text.front() == '"') return take_json_string(text).has_value();
  if (text.front() == '{' || text.front() == '[') return skip_nested(text);
  const std::size_t end = std::min(text.find_first_of(",]} \t\r\n\"[{:"), text.size());
  text.remove_prefix(end);
  return end > 0;
}

}  // namespace

std::optional<std::vector<JsonMember>> json_members(std::string_view text) {
  std::vector<JsonMember> members;
  if (!take(text, '{')) return std::nullopt;
  const bool empty = take(text, '}');
  while (!empty) {
    skip_space(text);
    std::optional<std::string> name = take_json_string(text);
    if (!name || !take(text, ':')) return std::nullopt;
    skip_space(text);
    const std::string_view value = text;
    if (!skip_value(text)) return std::nullopt;
    members.push_back({std::move(*name), value.substr(0, value.size() - text.size())});
    if (take(text, '}')) break;
    if (!take(text, ',')) return std::nullopt;
  }
  skip_space(text);
  if (!text.empty()) return std::nullopt;
  return members;
}

std::optional<std::string_view> json_member(std::string_view text, std::string_view name) {
  std::optional<std::string_view> found;
  const std::optional<std::vector<JsonMember>> members = json_members(text);
  if (!members) return std::nullopt;
  for (const JsonMember& member : *members)
    if (member.name == name) found = member.value;
  return found;
}

std::string json_text_member(std::string_view text, std::string_view name) {
  std::optional<std::string_view> value = json_member(text, name);
  if (!value) return {};
  return take_json_string(*value).value_or(std::string());
}

}  // namespace sluice::azure_iot_hub
