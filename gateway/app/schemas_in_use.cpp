#include "gateway/app/schemas_in_use.h"

#include <iostream>
#include <utility>

#include "gateway/app/paths.h"

namespace sluice::app {

std::optional<SchemasInUse> schemas_in_use(const std::optional<std::filesystem::path>& config_file) {
  SchemasInUse use;
  normalize::Problems problems;
  normalize::Library::Sources sources;
  if (config_file) {
    use.config = read_config(*config_file, problems);
    if (use.config) {
      sources = use.config->schemas;
      use.gateway_id = use.config->gateway_id;
      use.timezone = use.config->timezone;
      use.unmatched = use.config->unmatched;
    }
  }
  sources.shipped = shipped_schemas();
  if (problems.empty()) use.library = normalize::Library::load(sources, problems);
  if (!problems.empty()) {
    std::cerr << problems.text();
    return std::nullopt;
  }
  return use;
}

}  // namespace sluice::app
