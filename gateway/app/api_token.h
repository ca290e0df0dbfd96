#pragma once

#include <filesystem>
#include <string>

#include "gateway/core/result.h"

namespace sluice::app {

/// The token of data_dir/api.token, made at the first call (32 random bytes as hex, mode 0600).
Result<std::string> kept_api_token(const std::filesystem::path& data_dir);

/// The same token, only if it is there already.
Result<std::string> read_api_token(const std::filesystem::path& data_dir);

}  // namespace sluice::app
