#include <cstdlib>
#include <iostream>

#include <sys/stat.h>

#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/gateway.h"
#include "gateway/app/setup.h"
#include "gateway/app/stop_signal.h"

namespace sluice::app {

int run(const std::filesystem::path& config_file) {
  prepare_signals();
  umask(0027);
  normalize::Problems problems;
  std::optional<Setup> setup = read_setup(config_file, problems);
  if (!setup) {
    std::cerr << problems.text();
    return exit_config;
  }
  const Config& config = setup->config;
  const SystemClock clock;
  ConsoleLog log(ConsoleLog::suited_to_stderr(config.log_level, config.log_format), clock);
  for (const auto& warning : config.warnings.list()) log.warning("config", warning.message);

  auto gateway = Gateway::open(std::move(*setup), clock, log);
  if (!gateway) {
    log.error("gateway", gateway.error().message);
    return gateway.error().kind == ErrorKind::storage ? exit_disk : exit_config;
  }
  const bool ended = (*gateway)->run();
  const ExitCode code = (*gateway)->damaged() ? exit_disk : exit_ok;
  if (!ended) std::_Exit(code);  // a thread hangs: nothing it holds may be destroyed
  return code;
}

}  // namespace sluice::app
