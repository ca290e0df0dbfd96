#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gateway/app/config.h"
#include "gateway/normalize/library.h"

namespace sluice::app {

/// What the commands that look at schemas work with: the configuration's, or all that ship where there is none.
struct SchemasInUse {
  std::shared_ptr<const normalize::Library> library;
  std::string gateway_id = "try";
  std::string timezone;
  normalize::Unmatched unmatched = normalize::Unmatched::ignore;
  std::optional<Config> config;
};

/// Prints every problem to standard error where there are any, and returns nothing then.
std::optional<SchemasInUse> schemas_in_use(const std::optional<std::filesystem::path>& config_file);

}  // namespace sluice::app
