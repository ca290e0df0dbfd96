#include "gateway/app/running_gateway.h"

#include <iostream>

#include "gateway/api/http_server.h"
#include "gateway/app/api_token.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/visible_text.h"

namespace sluice::app {

std::optional<Config> config_of(const std::filesystem::path& file) {
  normalize::Problems problems;
  std::optional<Config> config = read_config(file, problems);
  if (!config) std::cerr << problems.text();
  return config;
}

std::string token_of(const Config& config) {
  if (!config.api.token.empty()) return config.api.token;
  const auto kept = read_api_token(config.store.data_dir);
  return kept ? *kept : std::string();
}

Result<std::string> running_status(const Config& config) {
  return api::http_get(config.api.listen, "/api/v1/status", token_of(config), std::chrono::seconds(5));
}

int unreachable(const Config& config, const std::string& why) {
  std::cerr << "sluice: no running gateway at " << config.api.listen << ": " << visible(why) << "\n";
  return exit_unavailable;
}

int wrong_token(const Config& config) {
  std::cerr << "sluice: the gateway at " << config.api.listen
            << " does not take this token; it is api.token of its configuration, or api.token in its data_dir, which "
               "only its user may read\n";
  return exit_unavailable;
}

}  // namespace sluice::app
