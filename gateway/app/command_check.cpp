#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/setup.h"
#include "gateway/normalize/schema.h"

namespace sluice::app {

int check(const std::filesystem::path& config_file) {
  normalize::Problems problems;
  const std::optional<Setup> setup = read_setup(config_file, problems);
  if (!setup) {
    std::cout << problems.text();
    return exit_config;
  }
  const std::size_t families = setup->library->families().size(), clouds = setup->config.clouds.size();
  std::cerr << setup->config.warnings.text();
  std::cerr << config_file.string() << ": ok (" << families << " schema families, " << clouds
            << (clouds == 1 ? " cloud" : " clouds") << ")\n";
  return exit_ok;
}

}  // namespace sluice::app
