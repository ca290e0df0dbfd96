#include "connectors/transport/redaction.h"

#include <string_view>

namespace sluice::transport {

namespace {
constexpr std::size_t secret_size_min = 4;
constexpr std::string_view mask = "***";
}  // namespace

void Redaction::add(std::string secret) {
  if (secret.size() >= secret_size_min) secrets_.push_back(std::move(secret));
}

std::string Redaction::apply(std::string text) const {
  for (const std::string& secret : secrets_)
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size()))
      text.replace(at, secret.size(), mask);
  return text;
}

}  // namespace sluice::transport
