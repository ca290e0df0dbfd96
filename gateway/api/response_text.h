#pragma once

#include <string>
#include <string_view>

#include "gateway/api/http_server.h"

namespace sluice::api {

std::string_view reason_phrase(int status);

/// A response as it goes out. `head_only` answers a HEAD: the length is told, the body is not sent.
std::string response_text(const Response& response, bool keeps_alive, bool head_only);

}  // namespace sluice::api
