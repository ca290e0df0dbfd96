#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// Reading header fields (RFC 9110 section 5). Pure.

std::string lower(std::string_view text);      ///< A-Z alone
std::string_view trim(std::string_view text);  ///< without blanks at its ends

/// Takes the next element of a list off its front, blanks trimmed; a `separator` between double quotes divides nothing.
std::string_view take_element(std::string_view& list, char separator);

/// The value of a field that may stand once: nothing where it is absent, and where it is there several times.
std::optional<std::string> only_value(const Request& request, const std::string& name);

/// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07 section 2.1: a quoted string; bare is taken too):
/// 1 to 128 visible ASCII characters; empty where there is none. Not "." and "..", which cannot stand in a path.
Result<std::string> idempotency_key(const Request& request);

/// The `wait` of Prefer (RFC 7240 section 4.3), the first if there are several; nothing where it is absent or cannot be
/// read: a preference is never an error.
std::optional<std::chrono::seconds> preferred_wait(const Request& request);

/// Whether the body is said to be JSON in UTF-8 and nothing round it: application/json, perhaps with charset=utf-8.
bool is_json(const Request& request);

}  // namespace sluice::api
