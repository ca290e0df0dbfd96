#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sluice::app {

/// Quarantine, by way of the running gateway. Each returns an ExitCode.

struct QuarantineOptions {
  std::filesystem::path config_file;
  std::optional<std::string> schema, topic, reason, cloud;  ///< which; none: all
  std::vector<std::int64_t> ids;
  bool all = false;
  bool json = false;
  std::string by;         ///< list: counts by these
  std::size_t count = 0;  ///< list: at most so many; 0: 20 on a terminal, else all
};

/// Newest first: a table on a terminal, with counts above it; lines with tabs elsewhere; an array with `json`.
int quarantine_list(const QuarantineOptions& options);

/// One entry in full.
int quarantine_show(const QuarantineOptions& options);

/// Brings back those entries, or all that match, oldest first: in batches, each of which the gateway does wholly or not
/// at all, so that whatever ends this or the gateway, asking again goes on where it ended. A gateway that goes away is
/// waited for. exit_data where some stay.
int quarantine_replay(const QuarantineOptions& options);

int quarantine_drop(const QuarantineOptions& options);

}  // namespace sluice::app
