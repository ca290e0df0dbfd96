// The small parts, each by itself.

#include <gtest/gtest.h>

#include "connectors/local_broker/back_off.h"
#include "connectors/local_broker/batch.h"
#include "connectors/local_broker/dup_watch.h"
#include "connectors/local_broker/protocol_choice.h"
#include "connectors/local_broker/words.h"

namespace sluice::local_broker {
namespace {

constexpr const char* dup_line = "Client me received PUBLISH (d1, q1, r0, m7, 't', ... (5 bytes))";
constexpr const char* first_line = "Client me received PUBLISH (d0, q1, r0, m8, 't', ... (5 bytes))";

TEST(DupWatch, SaysWhatTheLastLineSaid) {
  DupWatch watch("me");
  watch.begin();
  watch.read_line(dup_line);
  EXPECT_TRUE(watch.take(1));
  EXPECT_FALSE(watch.take(1)) << "a line counts for one message";
  watch.read_line(dup_line);
  watch.read_line(first_line);
  EXPECT_FALSE(watch.take(1));
}

TEST(DupWatch, IsNotFooledByATopic) {
  DupWatch watch("me");
  watch.begin();
  watch.read_line("Client me received PUBLISH (d0, q1, r0, m8, 'Client me received PUBLISH (d1, ', ... (5 bytes))");
  EXPECT_FALSE(watch.take(1));
  watch.read_line("Client you received PUBLISH (d1, q1, r0, m7, 't', ... (5 bytes))");
  EXPECT_FALSE(watch.take(1));
  watch.read_line("Client me received PUBLISH (d17");
  EXPECT_FALSE(watch.take(1));
}

TEST(DupWatch, LooksOnlyInAResumedSession) {
  DupWatch watch("me");
  EXPECT_FALSE(watch.active());
  watch.read_line(dup_line);
  EXPECT_FALSE(watch.take(1));
}

TEST(DupWatch, EndsAfterEveryPacketIdWasUsed) {
  DupWatch watch("me");
  watch.begin();
  for (int i = 0; i < 65'534; ++i) watch.take(1);
  watch.take(0);
  ASSERT_TRUE(watch.active()) << "QoS 0 has no packet id";
  watch.read_line(dup_line);
  EXPECT_TRUE(watch.take(1));
  EXPECT_FALSE(watch.active());
  watch.read_line(dup_line);
  EXPECT_FALSE(watch.take(1));
}

TEST(Batch, KeepsTheMemoryOfOrdinaryMessages) {
  Batch batch(10, 1 << 20);
  batch.add(600).payload.assign(600, 'x');
  const char* memory = batch.messages()[0].payload.data();
  batch.clear();
  EXPECT_TRUE(batch.empty());
  batch.add(500).payload.assign(500, 'y');
  EXPECT_EQ(batch.messages()[0].payload.data(), memory);
}

TEST(Batch, LetsTheMemoryOfLargeOnesGo) {
  Batch batch(10, 1 << 20);
  batch.add(100'000).payload.assign(100'000, 'x');
  batch.clear();
  EXPECT_LT(batch.add(1).payload.capacity(), 100U);
}

TEST(Batch, IsFullByCountOrByBytes) {
  Batch by_count(2, 1 << 20);
  by_count.add(1);
  EXPECT_FALSE(by_count.full());
  by_count.add(1);
  EXPECT_TRUE(by_count.full());
  Batch by_bytes(1000, 10'000);
  by_bytes.add(9'999);
  EXPECT_TRUE(by_bytes.full()) << "a message is more than its bytes";
  by_bytes.clear();
  EXPECT_FALSE(by_bytes.full());
}

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

TEST(ProtocolChoice, FallsBackForAnHour) {
  ProtocolChoice choice;
  const Instant now = std::chrono::steady_clock::now();
  EXPECT_EQ(choice.level(now), 5);
  choice.refused(5, now);
  EXPECT_EQ(choice.level(now), 4);
  EXPECT_EQ(choice.level(now + std::chrono::minutes(59)), 4);
  EXPECT_EQ(choice.level(now + std::chrono::minutes(61)), 5);
}

TEST(ProtocolChoice, TakesTwoCutsInARowForARefusal) {
  ProtocolChoice choice;
  const Instant now = std::chrono::steady_clock::now();
  choice.cut_unanswered(5, now);
  EXPECT_EQ(choice.level(now), 5);
  choice.accepted();
  choice.cut_unanswered(5, now);
  EXPECT_EQ(choice.level(now), 5) << "not in a row";
  choice.cut_unanswered(5, now);
  EXPECT_EQ(choice.level(now), 4);
  choice.cut_unanswered(4, now);
  EXPECT_EQ(choice.level(now), 5) << "it was not the version";
}

TEST(Words, SayWhatToCheck) {
  EXPECT_EQ(refusal_words(135, 5), "not authorised: check local_broker.username and password");
  EXPECT_EQ(refusal_words(134, 5), refusal_words(135, 5));
  EXPECT_EQ(refusal_words(4, 4), refusal_words(135, 5));
  EXPECT_EQ(refusal_words(5, 4), refusal_words(135, 5));
  EXPECT_NE(refusal_words(133, 5).find("local_broker.client_id"), std::string::npos);
  EXPECT_NE(refusal_words(2, 4).find("local_broker.client_id"), std::string::npos);
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
}  // namespace sluice::local_broker
