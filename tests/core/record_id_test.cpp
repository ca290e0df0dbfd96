#include "gateway/core/record_id.h"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/stage/fake_clock.h"

namespace sluice {
namespace {

TEST(RecordId, IsAUuidOfVersion7WithTheTimeOfAcceptance) {
  const stage::FakeClock clock;
  RecordIds ids(clock);
  const RecordId id = ids.next();
  EXPECT_EQ(id.time(), clock.wall_time());
  const std::string text = id.text();
  EXPECT_EQ(text.size(), 36u);
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  EXPECT_EQ(RecordId::parse(text), id);
}

TEST(RecordId, ParsesTheExampleOfTheRfc) {
  // RFC 9562 appendix A.6.
  const auto id = RecordId::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->time(), Timestamp(Duration(0x017F22E279B0)));
  EXPECT_EQ(id->text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

TEST(RecordId, RefusesWhatIsNoUuid) {
  for (const char* bad :
       {"", "017f22e2", "017f22e2x79b0-7cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g"})
    EXPECT_FALSE(RecordId::parse(bad)) << bad;
}

TEST(RecordIds, GoUpWithinAMillisecondAndWhenTheClockGoesBack) {
  stage::FakeClock clock;
  RecordIds ids(clock);
  RecordId last = ids.next();
  for (int i = 0; i < 100'000; ++i) {
    if (i == 50'000) clock.jump(std::chrono::hours(-24));
    const RecordId next = ids.next();
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(RecordIds, AreUniqueAcrossThreads) {
  const stage::FakeClock clock;
  RecordIds ids(clock);
  std::vector<std::vector<RecordId>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made)
      threads.emplace_back([&] {
        for (int i = 0; i < 20'000; ++i) mine.push_back(ids.next());
      });
  }
  std::set<RecordId> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 80'000u);
}

}  // namespace
}  // namespace sluice
