#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/api/http_server.h"
#include "gateway/app/config.h"

namespace sluice::app {

/// For the commands that ask the gateway that runs with the same configuration.

/// Prints every problem to standard error where there are any, and returns nothing then.
std::optional<Config> config_of(const std::filesystem::path& file);

/// What the gateway takes as its token: the configuration's, or the one it made; empty where neither can be read.
std::string token_of(const Config& config);

/// What it says of itself, /api/v1/status. Errors: unavailable, where none answers.
Result<std::string> running_status(const Config& config);

/// Tell people, and give the exit code.
int unreachable(const Config& config, const std::string& why);
int wrong_token(const Config& config);

}  // namespace sluice::app
