#include "gateway/api/request_target.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::api {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986 section 2.1. In a query, a plus stands for a space.
std::optional<std::string> decode(std::string_view text, bool in_query) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && in_query) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

bool read_path(std::string_view path, Request& request) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    std::optional<std::string> segment = decode(path.substr(0, end), false);
    if (!segment || *segment == "." || *segment == "..") return false;
    path.remove_prefix(end);
    request.path += '/';
    request.path += *segment;
    request.segments.push_back(std::move(*segment));
  }
  if (request.segments.size() == 1 && request.segments[0].empty()) request.segments.clear();
  return true;
}

bool read_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::optional<std::string> name = decode(pair.substr(0, equals), true);
    std::optional<std::string> value = decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return false;
    request.query.emplace(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

bool read_target(std::string_view target, Request& request) {
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return false;
  const std::size_t path_size = std::min(target.find('?'), target.size());
  return read_path(target.substr(0, path_size), request) &&
         read_query(target.substr(std::min(path_size + 1, target.size())), request);
}

}  // namespace sluice::api
