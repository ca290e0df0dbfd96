#include <iostream>

#include "connectors/webhook/webhook_sink.h"
#include "gateway/app/commands.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paths.h"
#include "gateway/normalize/schema.h"

namespace sluice::app {

int check(const std::filesystem::path& config_file) {
  normalize::Problems problems;
  std::optional<Config> config = read_config(config_file, problems);
  std::size_t families = 0;
  if (config) {
    config->schemas.shipped = shipped_schemas();
    if (const auto library = normalize::Library::load(config->schemas, problems)) {
      families = library->families().size();
      check_commands(config->commands, normalize::Commands(library), problems);
    }
  }
  if (!problems.empty()) {
    std::cout << problems.text();
    return exit_config;
  }
  std::cerr << config->warnings.text();
  std::cerr << config_file.string() << ": ok (" << families << " schema families, " << config->clouds.size()
            << (config->clouds.size() == 1 ? " cloud" : " clouds") << ")\n";
  return exit_ok;
}

}  // namespace sluice::app
