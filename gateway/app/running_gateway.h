#pragma once

#include <string>

#include "gateway/app/config.h"

namespace sluice::app {

/// The token of its HTTP interface: the configured one, or the one it has made itself; empty where there is none to
/// read.
std::string token_of(const Config& config);

/// What the gateway that runs with this configuration says of itself, /api/v1/status. Errors: unavailable, where none
/// answers.
Result<std::string> running_status(const Config& config);

}  // namespace sluice::app
