#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gateway/app/command_quarantine.h"
#include "gateway/app/config.h"

namespace sluice::app {

/// /api/v1/quarantine of the running gateway, for the command line. What went wrong was told, where an exit code is
/// given.
class QuarantineCall {
 public:
  explicit QuarantineCall(const Config& config) : config_(config) {}

  struct Answer {
    int exit = 0;       ///< an ExitCode; all is well: exit_ok
    bool lost = false;  ///< no whole answer came, which has not been told
    nlohmann::json document{};
    std::string body{};
  };
  /// `path` behind /api/v1/quarantine. `patient`: a gateway that has gone away is waited for.
  Answer get(const std::string& path, bool patient = false) const;
  /// `what` is replay or drop.
  Answer post(const std::string& what, const std::vector<std::int64_t>& ids) const;
  /// Waits for a gateway that has gone away; false where it does not come back.
  bool wait_for_gateway() const;

 private:
  const Config& config_;
};

/// "schema=…&reason=…", percent-encoded; empty, or ends with &.
std::string query_of(const QuarantineOptions& options);

}  // namespace sluice::app
