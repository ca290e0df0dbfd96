#pragma once

#include <string>
#include <string_view>

#include "gateway/core/record.h"

namespace sluice {

/// Appends `record` as one CloudEvent in JSON, structured mode (CloudEvents 1.0, JSON event format section 3).
/// `source` is the event's source attribute, "/sluice/<gateway id>". Adds nothing after the closing brace.
void append_cloud_event(std::string& out, const Record& record, std::string_view source);

}  // namespace sluice
