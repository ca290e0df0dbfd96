#include "gateway/flow/redelivery.h"

#include <gtest/gtest.h>

#include "gateway/flow/digest.h"

namespace sluice::flow {
namespace {

Message message(std::uint16_t packet_id, std::string payload, bool resent = false) {
  Message m;
  m.topic = "tele/kitchen/SENSOR";
  m.payload = std::move(payload);
  m.payload_size = m.payload.size();
  m.qos = 1;
  m.packet_id = packet_id;
  m.resent = resent;
  return m;
}

TEST(Digest, IsSipHash24) {
  // The reference implementation's vectors: key 00..0f, messages 00.., of lengths 0, 8 and 15.
  std::string bytes;
  for (char i = 0; i < 15; ++i) bytes += i;
  const auto of = [&](std::size_t length) {
    return Digest(0x0706050403020100, 0x0f0e0d0c0b0a0908).add(std::string_view(bytes).substr(0, length)).finish();
  };
  EXPECT_EQ(of(0), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(of(8), 0x93f5f5799a932462u);
  EXPECT_EQ(of(15), 0xa129ca6149be45e5u);
}

TEST(Digest, DoesNotCareHowBytesAreCutIntoPieces) {
  const std::string text = "tele/kitchen/SENSOR and a payload";
  const std::uint64_t whole = Digest(1, 2).add(text).finish();
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(Digest(1, 2).add(text.substr(0, cut)).add(text.substr(cut)).finish(), whole) << cut;
}

TEST(Redelivery, RecognisesAStoredMessageThatComesAgain) {
  Redelivery redelivery;
  const auto receipt = redelivery.note(message(7, "ON"));
  ASSERT_TRUE(receipt);
  EXPECT_TRUE(redelivery.recognises(message(7, "ON", true)));

  Redelivery after_restart;
  after_restart.load(std::vector{*receipt});
  EXPECT_TRUE(after_restart.recognises(message(7, "ON", true)));
}

TEST(Redelivery, InDoubtAMessageIsNew) {
  Redelivery redelivery;
  redelivery.note(message(7, "ON"));
  EXPECT_FALSE(redelivery.recognises(message(7, "ON", false)));  // DUP is not set
  EXPECT_FALSE(redelivery.recognises(message(8, "ON", true)));   // another packet id
  EXPECT_FALSE(redelivery.recognises(message(7, "OFF", true)));  // another payload
  Message retained = message(7, "ON", true);
  retained.retained = true;
  EXPECT_FALSE(redelivery.recognises(retained));
  Message elsewhere = message(7, "ON", true);
  elsewhere.topic = "tele/kitchen/SENSO";
  elsewhere.payload = "RON";
  EXPECT_FALSE(redelivery.recognises(elsewhere));
}

TEST(Redelivery, ForgetsAfterHalfOfTheIdSpace) {
  Redelivery redelivery;
  redelivery.note(message(1, "ON"));
  for (std::uint32_t id = 2; id <= Redelivery::window; ++id)
    redelivery.note(message(static_cast<std::uint16_t>(id), "x"));
  EXPECT_TRUE(redelivery.recognises(message(1, "ON", true)));
  redelivery.note(message(Redelivery::window + 1, "x"));
  EXPECT_FALSE(redelivery.recognises(message(1, "ON", true)));
}

TEST(Redelivery, AnIdThatComesBackTooSoonEndsTheTrust) {
  Redelivery redelivery;
  redelivery.note(message(1, "ON"));
  redelivery.note(message(2, "ON"));
  EXPECT_FALSE(redelivery.note(message(1, "ON")));  // a new message under an id of a moment ago
  EXPECT_FALSE(redelivery.trusted());
  EXPECT_FALSE(redelivery.recognises(message(2, "ON", true)));
  redelivery.forget();  // a new session
  EXPECT_TRUE(redelivery.trusted());
}

TEST(Redelivery, IdsThatGoRoundKeepTheTrust) {
  Redelivery redelivery;
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_TRUE(redelivery.note(message(static_cast<std::uint16_t>(i % 65535 + 1), "x")));
  }
}

}  // namespace
}  // namespace sluice::flow
