#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// Who may. Pure.

/// Whether the Host header names a loopback address or one of `hosts` (lower case). A web page whose own name was made
/// to resolve to this machine (DNS rebinding) cannot pretend that: browsers send the name.
bool known_host(const Request& request, const std::vector<std::string>& hosts);

/// Whether the request shows `token` as `Authorization: Bearer`; never, where `token` is empty.
bool has_token(const Request& request, const std::string& token);

struct Refusal {
  Response response;
  std::string why;  ///< for the log: more than the peer is told, and no secret
};

/// Why this request may change nothing, if so. In this order: the token (401, the same answer whether it is missing or
/// wrong); a foreign web page (403: `Origin` that is not scheme, host and port of this very request, or
/// `Sec-Fetch-Site` other than same-origin and none; W3C Fetch Metadata); a Content-Type other than application/json
/// (415: what a form can send without asking first must have no effect).
std::optional<Refusal> refusal_of_change(const Request& request, const std::string& token);

/// 401 with the challenge that belongs to it (RFC 6750 section 3).
Response token_needed();

}  // namespace sluice::api
