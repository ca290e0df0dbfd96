#include "gateway/core/topic_filter.h"

#include <random>

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Filters = std::vector<std::string>;

TEST(TopicFilter, CoversByLevels) {
  EXPECT_TRUE(covers("a/b", "a/b"));
  EXPECT_FALSE(covers("a/b", "a/b/c"));
  EXPECT_FALSE(covers("a/b/c", "a/b"));
  EXPECT_TRUE(covers("+/b", "a/b"));
  EXPECT_TRUE(covers("a/+", "a/"));
  EXPECT_FALSE(covers("a/+", "a"));
  EXPECT_TRUE(covers("#", "a/b/c"));
  EXPECT_TRUE(covers("a/#", "a"));
  EXPECT_TRUE(covers("a/#", "a/b/c"));
  EXPECT_TRUE(covers("+/+", "/finance"));
  EXPECT_TRUE(covers("/+", "/finance"));
  EXPECT_FALSE(covers("+", "/finance"));
  EXPECT_TRUE(covers("home//kitchen", "home//kitchen"));
}

TEST(TopicFilter, WildcardsDoNotCoverDollarTopics) {
  EXPECT_FALSE(covers("#", "$SYS/uptime"));
  EXPECT_FALSE(covers("+/uptime", "$SYS/uptime"));
  EXPECT_TRUE(covers("$SYS/#", "$SYS/uptime"));
  EXPECT_FALSE(overlap("#", "$SYS/#"));
}

TEST(TopicFilter, KnowsWhatIsAFilter) {
  for (const char* good : {"a", "a/b", "+", "#", "a/+/b", "a/#", "/", "$SYS/#"})
    EXPECT_TRUE(is_valid_filter(good)) << good;
  for (const char* bad : {"", "a/#/b", "a#", "a+/b", "#/a"}) EXPECT_FALSE(is_valid_filter(bad)) << bad;
  EXPECT_FALSE(is_valid_filter(std::string(65536, 'a')));
}

TEST(TopicFilter, DisjointJoinsOnlyWhatOverlaps) {
  EXPECT_EQ(disjoint({"tele/+/SENSOR", "tele/+/STATE", "zigbee2mqtt/#"}),
            (Filters{"tele/+/SENSOR", "tele/+/STATE", "zigbee2mqtt/#"}));
  EXPECT_EQ(disjoint({"a/+", "a/b", "c"}), (Filters{"a/+", "c"}));
  EXPECT_EQ(disjoint({"a/+/c", "a/b/+"}), (Filters{"a/+/+"}));
  EXPECT_EQ(disjoint({"+/+/+", "zigbee2mqtt/#", "button"}), (Filters{"+/#"}));
  EXPECT_EQ(disjoint({"a", "a", "a/#"}), (Filters{"a/#"}));
}

// Random filters over a small alphabet against random topics: nothing may be lost, nothing may be delivered twice.
TEST(TopicFilter, DisjointCoversTheSameTopicsAndNoneTwice) {
  std::mt19937 random(20260301);
  const auto words = [&](bool wildcards) {
    static const char* const plain[] = {"a", "b", "", "$s"};
    std::string out;
    const int levels = 1 + static_cast<int>(random() % 4);
    for (int i = 0; i < levels; ++i) {
      if (i > 0) out += '/';
      const unsigned pick = random() % (wildcards ? 8 : 4);
      if (pick < 4)
        out += plain[pick];
      else if (pick == 7 && i + 1 == levels)
        out += '#';
      else
        out += '+';
    }
    return out;
  };
  for (int round = 0; round < 3000; ++round) {
    Filters filters;
    for (int i = 0; i < 5; ++i)
      if (std::string filter = words(true); is_valid_filter(filter)) filters.push_back(filter);
    const Filters wide = disjoint(filters);
    for (std::size_t i = 0; i < wide.size(); ++i) {
      ASSERT_TRUE(is_valid_filter(wide[i])) << wide[i];
      for (std::size_t j = i + 1; j < wide.size(); ++j)
        ASSERT_FALSE(overlap(wide[i], wide[j])) << wide[i] << " " << wide[j];
    }
    for (int i = 0; i < 20; ++i) {
      const std::string topic = words(false);
      int before = 0, after = 0;
      for (const auto& filter : filters) before += covers(filter, topic);
      for (const auto& filter : wide) after += covers(filter, topic);
      ASSERT_LE(after, 1) << topic;
      ASSERT_TRUE(before == 0 || after == 1) << topic;
    }
  }
}

}  // namespace
}  // namespace sluice
