#pragma once

namespace sluice::app {

/// What a command tells its caller (sysexits.h where it has a word for it).
enum ExitCode : int {
  exit_ok = 0,
  exit_usage = 64,        ///< wrong usage
  exit_data = 65,         ///< data refused
  exit_unavailable = 69,  ///< cannot reach
  exit_disk = 74,
  exit_config = 78,
};

}  // namespace sluice::app
