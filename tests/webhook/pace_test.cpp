#include "connectors/webhook/pace.h"

#include <gtest/gtest.h>

namespace sluice::webhook {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration held = Pace::held_least;
constexpr Duration unheld = Pace::held_least - Duration(1);

TEST(Pace, RestsLongerAfterEachFailureButAMinuteAtMost) {
  Pace pace;
  EXPECT_LE(pace.soon(), Duration(500));
  EXPECT_LE(pace.soon(), seconds(1));
  Duration longest{0};
  for (int i = 0; i < 1000; ++i) {
    const Duration rest = pace.soon();
    EXPECT_GT(rest, Duration(0));
    longest = std::max(longest, rest);
  }
  EXPECT_LE(longest, seconds(60));
  EXPECT_GT(longest, seconds(30));
  pace.worked();
  EXPECT_LE(pace.soon(), Duration(500));
}

TEST(Pace, IsSlowWhereAPersonMustMendSomething) {
  Pace pace;
  for (const int expected : {1, 2, 4, 8, 15, 15}) EXPECT_EQ(pace.seldom(), Duration(minutes(expected)));
  pace.worked();
  EXPECT_EQ(pace.seldom(), Duration(minutes(1)));
}

TEST(Pace, AsksAtOnceOnlyWhereRequestsAreHeld) {
  Pace pace;
  for (const char* commands : {"a", "b", "c"}) EXPECT_FALSE(pace.at_once(unheld, commands));
  EXPECT_TRUE(pace.at_once(held, "d"));
  EXPECT_TRUE(pace.at_once(unheld, "e")) << "came while d was stored";
}

TEST(Pace, DoesNotHurryForWhatItHasSeen) {
  Pace pace;
  EXPECT_TRUE(pace.at_once(held, "a"));
  EXPECT_FALSE(pace.at_once(unheld, "a"));
  EXPECT_FALSE(pace.at_once(held, "a"));
  EXPECT_TRUE(pace.at_once(held, "b"));
}

TEST(Pace, DoesNotHurryForEver) {
  Pace pace;
  int hurried = 0;
  for (int i = 0; i < 1000; ++i) hurried += pace.at_once(i == 0 ? held : unheld, std::to_string(i));
  EXPECT_EQ(hurried, 10);
}

}  // namespace
}  // namespace sluice::webhook
