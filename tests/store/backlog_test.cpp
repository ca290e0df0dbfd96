// A cloud that was away for long: a million records wait, and drain, in the memory of a few.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/store/stage.h"

namespace sluice::store {
namespace {

// A sanitizer keeps what was freed, to find who still uses it: then there is nothing to measure.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_our_own = false;
#else
constexpr bool memory_is_our_own = true;
#endif

/// Memory of this process alone (proc(5): RssAnon), in KiB.
std::int64_t rss_anon() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (memory_is_our_own && status >> word)
    if (word == "RssAnon:") return status >> word, std::stoll(word);
  return 0;
}

TEST(Backlog, a_million_records_wait_and_drain_in_bounded_memory) {
  constexpr std::uint64_t count = 1'000'000;
  constexpr std::int64_t growth_max = 4096;
  Stage stage;
  stage.options.durability = Durability::process_crash;
  ASSERT_TRUE(stage.open());
  ASSERT_TRUE(stage.store->keep_clouds({"a"}));
  const Batch batch = stage.batch(2000, 150);
  ASSERT_TRUE(stage.store->append(batch));
  const std::int64_t before = rss_anon();
  for (std::uint64_t stored = batch.records.size(); stored < count; stored += batch.records.size())
    ASSERT_TRUE(stage.store->append(batch));
  EXPECT_EQ(stage.cloud("a").backlog_records, count);
  EXPECT_LT(rss_anon() - before, growth_max);
  const auto full = std::filesystem::file_size(stage.file());

  std::uint64_t drained = 0;
  for (;;) {
    const Page page = *stage.store->read("a", {});
    if (page.records.empty()) break;
    ASSERT_EQ(page.positions.front(), static_cast<std::int64_t>(drained + 1));
    ASSERT_TRUE(settle_all(*stage.store, "a", page));
    drained += page.records.size();
    if (drained % 4000 == 0) {
      ASSERT_TRUE(stage.store->append(stage.batch(1, 150)));
    }
  }
  EXPECT_GE(drained, count);
  EXPECT_LT(rss_anon() - before, growth_max);

  // What was freed is used again before the file grows.
  for (std::uint64_t stored = 0; stored < count / 4; stored += batch.records.size())
    ASSERT_TRUE(stage.store->append(batch));
  ASSERT_TRUE(stage.open_again());
  EXPECT_LE(std::filesystem::file_size(stage.file()), full + (4 << 20));
}

}  // namespace
}  // namespace sluice::store
