#include "gateway/app/running_gateway.h"

#include "gateway/api/http_server.h"
#include "gateway/app/api_token.h"

namespace sluice::app {

Result<std::string> running_status(const Config& config) {
  std::string token = config.api.token;
  if (token.empty())
    if (const auto kept = read_api_token(config.store.data_dir)) token = *kept;
  return api::http_get(config.api.listen, "/api/v1/status", token, std::chrono::seconds(5));
}

}  // namespace sluice::app
