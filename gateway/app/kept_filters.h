#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gateway/core/result.h"

namespace sluice::app {

/// The filters that this gateway has ever subscribed are kept in data_dir/filters, because the broker's session
/// outlives a change of configuration: what is no longer wanted must be unsubscribed, or overlapping filters would
/// deliver twice. Adds `filters`, durable on return, and returns what earlier runs may have subscribed.
Result<std::vector<std::string>> keep_filters(const std::filesystem::path& data_dir,
                                              const std::vector<std::string>& filters);

}  // namespace sluice::app
