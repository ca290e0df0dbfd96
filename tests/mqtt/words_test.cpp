// What people are told, and how long is rested.

#include <gtest/gtest.h>

#include "connectors/mqtt/address.h"
#include "connectors/mqtt/back_off.h"
#include "connectors/mqtt/words.h"

namespace sluice::mqtt {
namespace {

TEST(BackOff, StaysWithinItsBoundAndStartsAnew) {
  BackOff back_off(Duration(30'000));
  for (int bound : {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 30000}) {
    const Duration rest = back_off.next();
    EXPECT_GE(rest, Duration(10));
    EXPECT_LE(rest, Duration(bound));
  }
  back_off.reset();
  EXPECT_LE(back_off.next(), Duration(100));
}

TEST(BackOff, IsSpread) {
  BackOff back_off(Duration(30'000));
  for (int i = 0; i < 20; ++i) back_off.next();
  Duration least(30'000);
  Duration most(0);
  for (int i = 0; i < 200; ++i) {
    const Duration rest = back_off.next();
    least = std::min(least, rest);
    most = std::max(most, rest);
  }
  EXPECT_LT(least, Duration(10'000));
  EXPECT_GT(most, Duration(20'000));
}

TEST(Words, SayWhatToCheck) {
  EXPECT_EQ(refusal_words(135, 5), "not authorised: check username and password");
  EXPECT_EQ(refusal_words(134, 5), refusal_words(135, 5));
  EXPECT_EQ(refusal_words(4, 4), refusal_words(135, 5));
  EXPECT_EQ(refusal_words(5, 4), refusal_words(135, 5));
  EXPECT_NE(refusal_words(133, 5).find("client_id"), std::string::npos);
  EXPECT_NE(refusal_words(2, 4).find("client_id"), std::string::npos);
  EXPECT_EQ(refusal_words(137, 5), "the broker refuses the connection: Server busy (code 137)");
}

TEST(Words, KnowEveryReasonOfConnack) {
  for (int code :
       {128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 140, 144, 149, 151, 153, 154, 155, 156, 157, 159})
    EXPECT_EQ(refusal_words(code, 5).find("nknown"), std::string::npos) << code;
  for (int code : {1, 2, 3, 4, 5}) EXPECT_EQ(refusal_words(code, 4).find("(code"), std::string::npos) << code;
}

TEST(Words, WriteAnAddressAsItWasGiven) {
  EXPECT_EQ(words_of({"::1", 8883, true}), "mqtts://[::1]:8883");
  EXPECT_EQ(words_of({"localhost", 1883, false}), "mqtt://localhost:1883");
}

}  // namespace
}  // namespace sluice::mqtt
