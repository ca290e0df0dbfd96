// One thread appends, three clouds read and settle, others look and keep house: the equations hold at every moment, and
// every cloud sees what it gets in order.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr int batches = 150;
constexpr int batch_size = 40;
constexpr std::uint64_t total = std::uint64_t{batches} * batch_size;

struct Threads : testing::Test {
  void run(const Limits& limits);
  void deliver(const std::string& name);
  void look();

  Stage stage;
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> snapshots{0};
};

void Threads::deliver(const std::string& name) {
  std::int64_t last = 0;
  for (;;) {
    const auto page = stage.store->read(name, {.count_max = 37});
    ASSERT_TRUE(page) << page.error().message;
    for (const std::int64_t position : page->positions) {
      ASSERT_GT(position, last);
      last = position;
    }
    if (page->records.empty()) {
      if (over && stage.cloud(name).backlog_records == 0) return;
      stage.store->wait(name, 50ms);
      continue;
    }
    std::vector<Store::Settlement> settlements;
    std::vector<Quarantined> refused;
    for (std::size_t i = 0; i < page->records.size(); ++i) {
      const bool refuse = page->positions[i] % 500 == 0;
      settlements.push_back({page->positions[i], refuse ? Settled::rejected : Settled::delivered});
      if (refuse) refused.push_back({.reason = "no", .cloud = name, .record = page->records[i]});
    }
    const auto settled = stage.store->settle(name, settlements, std::move(refused));
    ASSERT_TRUE(settled) << settled.error().message;
  }
}

void Threads::look() {
  while (!over) {
    const Snapshot shown = stage.store->snapshot();
    ASSERT_EQ(broken_equation(shown), "");
    ASSERT_EQ(shown.messages.understood, shown.stored) << "one picture: a message and its record appear together";
    stage.clock.advance(200ms);
    ASSERT_TRUE(stage.store->step());
    snapshots += 1;
  }
}

void Threads::run(const Limits& limits) {
  const std::vector<std::string> names = {"a", "b", "c"};
  stage.options.limits = limits;
  stage.options.durability = Durability::process_crash;
  ASSERT_TRUE(stage.open());
  ASSERT_TRUE(stage.store->keep_clouds(names));
  std::vector<std::thread> clouds;
  clouds.reserve(names.size());
  for (const std::string& name : names) clouds.emplace_back([this, name] { deliver(name); });
  std::thread looker([&] { look(); });
  for (int i = 0; i < batches; ++i) ASSERT_TRUE(stage.store->append(stage.batch(batch_size)));
  over = true;
  looker.join();
  for (std::thread& cloud : clouds) cloud.join();

  EXPECT_GT(snapshots, 0u);
  ASSERT_TRUE(stage.open_again());
  const Snapshot shown = stage.store->snapshot();
  EXPECT_EQ(shown.stored, total);
  EXPECT_EQ(broken_equation(shown), "");
  for (const CloudCounts& cloud : shown.clouds) {
    EXPECT_EQ(cloud.backlog_records, 0u);
    EXPECT_EQ(cloud.delivered + cloud.rejected + cloud.dropped_size, total);
  }
}

TEST_F(Threads, with_room_nothing_is_dropped) {
  run({});
  for (const CloudCounts& cloud : stage.store->snapshot().clouds) {
    EXPECT_EQ(cloud.rejected, total / 500);
    EXPECT_EQ(cloud.delivered, total - total / 500);
  }
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 3 * total / 500);
}

TEST_F(Threads, in_a_buffer_that_is_always_full) {
  run({.size_max = 6000});
}

}  // namespace
}  // namespace sluice::store
