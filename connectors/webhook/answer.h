#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice::webhook {

/// What an endpoint said, as far as the sink acts on it.
struct Answer {
  int status = 0;
  std::string body;         ///< its beginning: `answer_body_max` bytes, where the request names no other bound
  std::string retry_after;  ///< the header's value
  std::string location;     ///< the header's value
  std::string etag{};       ///< the header's value, as the library gives it: percent-decoded, so it may hold anything
  std::string content_type{};
};

inline constexpr std::size_t answer_body_max = 64 * 1024;

/// What an answer asks the sink to do. The table is in README.md.
enum class Step {
  accept,
  split_size,  ///< less at once; a single record is rejected
  split_find,  ///< find the record that is to blame, and reject it
  defer,
  pause,
};

Step step_after(int status);

/// Retry-After as seconds or as an HTTP-date (RFC 9110 section 10.2.3), at most an hour. Nothing for what is no wish to
/// wait: zero, the past, garbage. A date needs a `now` that can be trusted.
std::optional<Duration> retry_after(std::string_view value, std::optional<Timestamp> now);

/// One line of at most `size_max` bytes that shows the beginning of `text`: control characters, line ends and bytes
/// that are not UTF-8 are escaped.
std::string one_line(std::string_view text, std::size_t size_max);

/// "401: is the token or key right? …": the status, what to do about it, and the beginning of the body.
std::string describe(const Answer& answer);

}  // namespace sluice::webhook
