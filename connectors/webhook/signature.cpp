// Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
#include "connectors/transport/base64.h"
#include "connectors/transport/hmac.h"
#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

using transport::base64;
using transport::from_base64;

namespace {
constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t key_size_min = 24, key_size_max = 64;
}  // namespace

Result<std::string> signing_key(std::string_view secret) {
  if (!secret.starts_with(secret_prefix)) return config_error("a signing secret begins with whsec_");
  std::optional<std::string> key = from_base64(secret.substr(secret_prefix.size()));
  if (!key) return config_error("what follows whsec_ in a signing secret must be base64");
  if (key->size() < key_size_min || key->size() > key_size_max)
    return config_error("a signing secret holds 24 to 64 bytes, this one " + std::to_string(key->size()));
  return std::move(*key);
}

std::string signature(std::string_view key, std::string_view id, std::int64_t timestamp, std::string_view body) {
  std::string content;
  content.reserve(id.size() + body.size() + 24);
  content.append(id).append(".").append(std::to_string(timestamp)).append(".").append(body);
  return "v1," + base64(transport::hmac_sha256(key, content));
}

}  // namespace sluice::webhook
