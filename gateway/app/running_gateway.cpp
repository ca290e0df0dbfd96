#include "gateway/app/running_gateway.h"

#include "gateway/api/http_server.h"
#include "gateway/app/api_token.h"

namespace sluice::app {

std::string token_of(const Config& config) {
  if (!config.api.token.empty()) return config.api.token;
  const auto kept = read_api_token(config.store.data_dir);
  return kept ? *kept : std::string();
}

Result<std::string> running_status(const Config& config) {
  return api::http_get(config.api.listen, "/api/v1/status", token_of(config), std::chrono::seconds(5));
}

}  // namespace sluice::app
