#pragma once

#include <optional>
#include <string_view>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// Fills path, segments and query from the target of a request line in origin form (RFC 9112 section 3.2.1). False for
/// what nobody sends in earnest: broken percent-encoding, control characters, bytes that are not UTF-8, and the
/// segments
/// "." and "..", encoded or not.
bool read_target(std::string_view target, Request& request);

}  // namespace sluice::api
