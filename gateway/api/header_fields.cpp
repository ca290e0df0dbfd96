#include "gateway/api/header_fields.h"

#include <algorithm>
#include <charconv>

namespace sluice::api {

namespace {

constexpr std::size_t key_size_max = 128;

/// What a quoted string says (RFC 9110 section 5.6.4); nothing where it is none.
std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || (text[i] == '\\' && ++i == text.size())) return std::nullopt;
    out += text[i];
  }
  return out;
}

/// A token or a quoted string.
std::string word(std::string_view text) {
  return unquoted(text).value_or(std::string(text));
}

std::optional<std::chrono::seconds> delta_seconds(std::string_view text) {
  constexpr std::chrono::seconds most = std::chrono::hours(24);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return most;  // too large to be read
  return std::min(most, std::chrono::seconds(value));
}

/// The name and the value of "wait=5; x=y", without the parameters.
std::pair<std::string, std::string> preference(std::string_view element) {
  const std::string_view pair = take_element(element, ';');
  const std::size_t equals = std::min(pair.find('='), pair.size());
  return {lower(trim(pair.substr(0, equals))), word(trim(pair.substr(std::min(equals + 1, pair.size()))))};
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

std::string_view take_element(std::string_view& list, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != separator); ++end) {
    if (list[end] == '"') quoted = !quoted;
    if (quoted && list[end] == '\\') ++end;
  }
  end = std::min(end, list.size());
  const std::string_view element = trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

std::optional<std::string> only_value(const Request& request, const std::string& name) {
  if (request.headers.count(name) != 1) return std::nullopt;
  return request.headers.find(name)->second;
}

Result<std::string> idempotency_key(const Request& request) {
  if (!request.headers.contains("idempotency-key")) return std::string();
  const std::optional<std::string> value = only_value(request, "idempotency-key");
  const Error wrong = invalid("Idempotency-Key must be 1 to 128 visible ASCII characters, perhaps in double quotes");
  if (!value) return wrong;
  const std::optional<std::string> key = value->starts_with('"') ? unquoted(*value) : value;
  if (!key || key->empty() || key->size() > key_size_max || *key == "." || *key == "..") return wrong;
  const bool visible = std::all_of(key->begin(), key->end(), [](char c) { return c > 0x20 && c < 0x7f; });
  return visible ? Result<std::string>(*key) : wrong;
}

std::optional<std::chrono::seconds> preferred_wait(const Request& request) {
  for (auto [at, end] = request.headers.equal_range("prefer"); at != end; ++at)
    for (std::string_view list = at->second; !list.empty();) {
      const auto [name, value] = preference(take_element(list, ','));
      if (name == "wait") return delta_seconds(value);
    }
  return std::nullopt;
}

bool is_json(const Request& request) {
  const std::optional<std::string> value = only_value(request, "content-type");
  if (!value || request.headers.contains("content-encoding")) return false;
  std::string_view rest = *value;
  if (lower(take_element(rest, ';')) != "application/json") return false;
  while (!rest.empty()) {
    const auto [name, parameter] = preference(take_element(rest, ';'));
    if (!name.empty() && (name != "charset" || lower(parameter) != "utf-8")) return false;
  }
  return true;
}

}  // namespace sluice::api
