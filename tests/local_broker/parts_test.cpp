// The small parts, each by itself.

#include <gtest/gtest.h>

#include "connectors/local_broker/batch.h"
#include "connectors/local_broker/dup_watch.h"
#include "connectors/local_broker/protocol_choice.h"

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

}  // namespace
}  // namespace sluice::local_broker
