#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "gateway/core/result.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// The steps from an empty file to the present shape; step i leads to version i + 1 (`user_version`). Released steps
/// are never changed, new ones are added at the end.
std::span<const char* const> schema_steps();

/// Refuses, as a config error and without touching any file, a database of a newer version than `steps` lead to and a
/// file that is not Sluice's. A file that is missing or empty, or whose making was cut short, passes.
Result<> check_version(const std::filesystem::path& file, std::span<const char* const> steps, const std::string& vfs);

/// Takes the steps that are missing, each in a transaction of its own.
Result<> migrate(Database& database, std::span<const char* const> steps);

}  // namespace sluice::store
