#include "connectors/transport/base64.h"

#include <utility>

#include <gtest/gtest.h>

namespace sluice::transport {
namespace {

// RFC 4648 section 10.
TEST(Base64, AgreesWithThePublishedVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

}  // namespace
}  // namespace sluice::transport
