#pragma once

#include "connectors/transport/redaction.h"
#include "connectors/webhook/endpoint.h"

namespace sluice::webhook {

/// The headers that are the same in every request, whatever its body. Refuses what HTTP cannot carry, and names that
/// the gateway sets itself.
Result<Headers> constant_headers(const Options& options);

/// The same without some, upper and lower case alike: those that a request sets itself.
Headers without(Headers headers, std::initializer_list<const char*> names);

/// Everything in the options that must not be shown.
transport::Redaction redaction_of(const Options& options);

}  // namespace sluice::webhook
