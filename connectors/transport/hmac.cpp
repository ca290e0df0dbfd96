#include "connectors/transport/hmac.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/core/assert.h"

namespace sluice::transport {

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  SLUICE_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
                     &size) != nullptr);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace sluice::transport
