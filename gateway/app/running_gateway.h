#pragma once

#include <string>

#include "gateway/app/config.h"

namespace sluice::app {

/// What the gateway that runs with this configuration says of itself, /api/v1/status. Errors: unavailable, where none
/// answers.
Result<std::string> running_status(const Config& config);

}  // namespace sluice::app
