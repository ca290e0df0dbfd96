#include "connectors/azure_iot_hub/sas_token.h"

#include "connectors/transport/base64.h"
#include "connectors/transport/hmac.h"
#include "gateway/core/percent.h"

namespace sluice::azure_iot_hub {

Result<std::string> device_key(std::string_view base64) {
  std::optional<std::string> key = transport::from_base64(base64);
  if (!key || key->empty())
    return config_error(
        "is not a device's key: the portal shows it as base64, under 'Primary key'; a connection string is "
        "not one");
  return std::move(*key);
}

std::string sas_token(std::string_view key, std::string_view resource, std::int64_t expiry) {
  const std::string encoded = percent_encoded(resource);
  const std::string until = std::to_string(expiry);
  const std::string signature = transport::base64(transport::hmac_sha256(key, encoded + "\n" + until));
  return "SharedAccessSignature sr=" + encoded + "&sig=" + percent_encoded(signature) + "&se=" + until;
}

}  // namespace sluice::azure_iot_hub
