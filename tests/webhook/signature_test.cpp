#include <gtest/gtest.h>

#include "connectors/transport/base64.h"
#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

using transport::base64;

namespace {

// The vectors of the Standard Webhooks libraries: libraries/go/webhook_test.go and libraries/rust/src/lib.rs.
TEST(Signature, AgreesWithThePublishedVectors) {
  EXPECT_EQ(signature(*signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek",
                      1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(signature(*signing_key("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"), "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                      1649367553, R"({"email":"test@example.com","username":"test_user"})"),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

TEST(SigningKey, TakesTwentyFourToSixtyFourBytes) {
  for (const std::size_t size : {24, 25, 26, 63, 64}) {
    const std::string key(size, '\x01');
    ASSERT_TRUE(signing_key("whsec_" + base64(key))) << size;
    EXPECT_EQ(*signing_key("whsec_" + base64(key)), key);
  }
  for (const std::size_t size : {0, 1, 23, 65})
    EXPECT_FALSE(signing_key("whsec_" + base64(std::string(size, 'x')))) << size;
}

TEST(SigningKey, RefusesWhatIsNoSecretWithoutRepeatingIt) {
  for (const char* text : {"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!", "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL===", "whsec_=fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    const Result<std::string> key = signing_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().kind, ErrorKind::config);
    EXPECT_EQ(key.error().message.find("MfKQ"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::webhook
