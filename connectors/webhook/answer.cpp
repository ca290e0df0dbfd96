#include "connectors/webhook/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <time.h>

#include "gateway/core/json_text.h"

namespace sluice::webhook {

namespace {

constexpr Duration retry_after_max = std::chrono::hours(1);
constexpr std::size_t excerpt_max = 300;

std::optional<Duration> capped(Duration wait) {
  if (wait <= Duration::zero()) return std::nullopt;
  return std::min(wait, retry_after_max);
}

/// RFC 9110 section 5.6.7: the form in use, and the two that were.
std::optional<Timestamp> parse_http_date(const std::string& text) {
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return Timestamp(std::chrono::seconds(timegm(&parts)));
  }
  return std::nullopt;
}

std::string_view advice(int status) {
  switch (status) {
    case 401:
      return " (is the token or key right?)";
    case 403:
      return " (is this token or key allowed to send here?)";
    case 404:
      return " (is the url right?)";
    case 409:
      return " (it still works on an earlier attempt)";
    case 410:
      return " (the endpoint is gone: is the url right?)";
    case 413:
      return " (too large)";
    case 415:
      return " (it takes another format or no compression: see format and compression)";
    case 429:
      return " (too many requests)";
    default:
      return "";
  }
}

std::size_t utf8_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size)
    if (is_utf8(text.substr(0, size))) return size;
  return 0;
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (byte == '\n')
    out += "\\n";
  else if (byte == '\r')
    out += "\\r";
  else if (byte == '\t')
    out += "\\t";
  else
    out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
}

}  // namespace

Step step_after(int status) {
  switch (status) {
    case 400:
    case 422:
      return Step::split_find;
    case 413:
      return Step::split_size;
    case 408:
    case 409:  // an earlier attempt with the same Idempotency-Key is not done yet
    case 425:
    case 429:
      return Step::defer;
    default:
      break;
  }
  if (status >= 200 && status < 300) return Step::accept;
  if (status >= 300 && status < 500) return Step::pause;
  return Step::defer;
}

std::optional<Duration> retry_after(std::string_view value, std::optional<Timestamp> now) {
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    const bool huge = error == std::errc::result_out_of_range || seconds > retry_after_max / std::chrono::seconds(1);
    return huge ? retry_after_max : capped(std::chrono::seconds(seconds));
  }
  if (!now) return std::nullopt;
  const std::optional<Timestamp> until = parse_http_date(std::string(value));
  if (!until) return std::nullopt;
  return capped(*until - *now);
}

std::string one_line(std::string_view text, std::size_t size_max) {
  std::string line;
  while (!text.empty()) {
    std::string next;
    std::size_t size = utf8_size(text);
    const bool control = size == 1 ? static_cast<unsigned char>(text[0]) < 0x20 || text[0] == 0x7f
                                   : size == 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
    if (size == 0 || control) {
      size = std::max<std::size_t>(size, 1);
      for (const char byte : text.substr(0, size)) append_escaped(next, static_cast<unsigned char>(byte));
    } else {
      next = text.substr(0, size);
    }
    if (line.size() + next.size() > size_max) break;
    line += next;
    text.remove_prefix(size);
  }
  return line;
}

std::string describe(const Answer& answer) {
  std::string text = std::to_string(answer.status);
  if (answer.status >= 300 && answer.status < 400) {
    text += " (redirects are not followed: set the url to the final address";
    const std::string_view target = std::string_view(answer.location).substr(0, answer.location.find_first_of("?#"));
    if (!target.empty() && target.find('@') == std::string_view::npos) text += ", " + one_line(target, excerpt_max);
    return text + ")";
  }
  text += advice(answer.status);
  const std::string excerpt = one_line(answer.body, excerpt_max);
  if (!excerpt.empty()) text += ": " + excerpt;
  return text;
}

}  // namespace sluice::webhook
