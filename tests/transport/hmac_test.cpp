#include "connectors/transport/hmac.h"

#include <gtest/gtest.h>

#include "connectors/transport/base64.h"

namespace sluice::transport {
namespace {

TEST(HmacSha256, AgreesWithRfc4231) {
  const std::string digest = hmac_sha256("Jefe", "what do ya want for nothing?");  // test case 2
  EXPECT_EQ(base64(digest), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST(HmacSha256, TakesAnyBytes) {
  const std::string key("\0\xff", 2);
  EXPECT_EQ(hmac_sha256(key, "").size(), 32u);
  EXPECT_NE(hmac_sha256(key, ""), hmac_sha256(std::string("\0", 1), ""));
}

}  // namespace
}  // namespace sluice::transport
