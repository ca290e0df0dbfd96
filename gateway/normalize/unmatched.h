#pragma once

#include <vector>

#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/normalize/json_source.h"

namespace sluice::normalize {

/// Events of messages that no schema applies to, under the family `auto`; the device is the topic.

/// `unmatched: raw`: the payload as it is, as text where it is UTF-8, otherwise in base 64.
void append_raw(const Message& message, std::vector<Record>& out);

/// `unmatched: auto`: a JSON object becomes readings, its leaves named by their path; a bare number, boolean or word a
/// reading named `value`; anything else is raw. `json` is for its buffers.
void append_auto(const Message& message, JsonSource& json, std::vector<Record>& out);

}  // namespace sluice::normalize
