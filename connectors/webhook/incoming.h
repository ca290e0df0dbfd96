#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"

namespace sluice::webhook {

/// The other end of a webhook, for receivers: checks a request's signature over the bytes as sent (Standard Webhooks,
/// "Verifying webhook authenticity": five minutes either way) if `secret` is not empty, then unfolds gzip. `header`
/// gives a request header by its lower-case name, empty if it is not there. The body of a batch is returned whole.
Result<std::string> open_body(const std::function<std::string(std::string_view)>& header, std::string_view body,
                              std::string_view secret, Timestamp now, std::size_t size_max);

}  // namespace sluice::webhook
