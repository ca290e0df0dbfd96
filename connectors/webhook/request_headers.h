#pragma once

#include "connectors/webhook/endpoint.h"
#include "connectors/webhook/redaction.h"

namespace sluice::webhook {

/// The headers that are the same in every request. Refuses what HTTP cannot carry, and names that the gateway sets
/// itself.
Result<Headers> constant_headers(const Options& options, std::string_view content_type);

/// Everything in the options that must not be shown.
Redaction redaction_of(const Options& options);

}  // namespace sluice::webhook
