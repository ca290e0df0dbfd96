// Records that came before the clock was synced, and what becomes of them once it is.
#include <gtest/gtest.h>

#include "gateway/core/time_text.h"
#include "gateway/core/unsynced.h"
#include "gateway/store/database.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

/// A machine without a clock of its own: it begins years ago, and is not synced.
struct Mending : testing::Test {
  void SetUp() override {
    stage.options.durability = Durability::process_crash;
    stage.clock.jump(-behind);
    stage.clock.set_synced(false);
    ASSERT_TRUE(stage.open());
    ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  }
  void TearDown() override { EXPECT_EQ(broken_equation(stage.store->snapshot()), ""); }

  Record record() {
    Record made = stage.record();
    made.device = "d/" + std::to_string(count_++);
    const std::string now = rfc3339(stage.clock.wall_time());
    made.data = R"({"device":")" + made.device + R"(","schema":"s/1","topic":"t","received_at":")" + now +
                R"(","retained":false,"time_from":"gateway"})";
    mark_if_unsynced(made, stage.clock);
    return made;
  }
  void append(int count = 1) {
    Batch batch;
    for (int i = 0; i < count; ++i) batch.records.push_back(record());
    batch.counts.received_qos1 = batch.counts.understood = static_cast<std::uint64_t>(count);
    ASSERT_TRUE(stage.store->append(batch));
  }
  void sync() {
    stage.clock.jump(behind);
    stage.clock.set_synced(true);
  }
  void step() { ASSERT_TRUE(stage.store->step()); }
  std::vector<Record> waiting(const std::string& cloud = "a") {
    return stage.store->read(cloud, {.count_max = 10'000, .bytes_max = 1 << 30})->records;
  }
  /// Whether each of these is marked, and when it happened.
  std::vector<std::string> times(const std::string& cloud = "a") {
    std::vector<std::string> out;
    for (const Record& each : waiting(cloud)) {
      const bool marked = each.data.find(R"("clock":"unsynced")") != std::string::npos;
      EXPECT_NE(each.data.find(R"("received_at":")" + rfc3339(each.time)), std::string::npos) << each.data;
      out.push_back((marked ? "marked " : "") + rfc3339(each.time));
    }
    return out;
  }
  using Times = std::vector<std::string>;

  static constexpr Duration behind = days(1000);
  Stage stage;
  int count_ = 0;
};

TEST_F(Mending, moves_what_waits_and_takes_the_mark_away) {
  append();
  stage.clock.advance(10s);
  append();
  stage.clock.advance(10s);
  step();
  EXPECT_EQ(times(), (Times{"marked 2023-06-05T09:00:00Z", "marked 2023-06-05T09:00:10Z"}));
  const auto before = waiting();
  sync();
  append();
  step();
  EXPECT_EQ(times(), (Times{"2026-03-01T09:00:00Z", "2026-03-01T09:00:10Z", "2026-03-01T09:00:20Z"}));
  const auto after = waiting();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(after[i].id, before[i].id);
  EXPECT_EQ(before[0].accepted(), std::nullopt);
  EXPECT_EQ(rfc3339(*after[0].accepted()), "2026-03-01T09:00:00Z");
  EXPECT_EQ(rfc3339(*after[2].accepted()), "2026-03-01T09:00:20Z");
}

TEST_F(Mending, is_told_once_when_all_is_done) {
  append(4500);
  sync();
  step();
  EXPECT_FALSE(stage.store->take_mended());
  EXPECT_EQ(times()[1999].substr(0, 4), "2026");
  EXPECT_EQ(times()[2000].substr(0, 6), "marked") << "in small steps";
  step();
  step();
  EXPECT_FALSE(stage.store->take_mended());
  step();
  const auto mended = stage.store->take_mended();
  ASSERT_TRUE(mended);
  EXPECT_EQ(mended->records, 4500u);
  EXPECT_EQ(mended->wrong, behind);
  step();
  EXPECT_FALSE(stage.store->take_mended());
}

TEST_F(Mending, a_clock_that_was_right_only_loses_the_mark) {
  stage.clock.jump(behind - 900ms);
  append();
  stage.clock.jump(900ms);
  stage.clock.set_synced(true);
  step();
  EXPECT_EQ(times(), (Times{"2026-03-01T08:59:59.100Z"}));
  step();
  EXPECT_EQ(stage.store->take_mended()->wrong, 0ms);
}

TEST_F(Mending, each_by_what_the_clock_was_wrong_by_when_it_came) {
  append();
  stage.clock.jump(days(400));
  stage.clock.advance(10s);
  append();
  stage.clock.jump(days(5000));
  stage.clock.advance(10s);
  append();
  stage.clock.jump(behind - days(5400));
  stage.clock.set_synced(true);
  step();
  EXPECT_EQ(times(), (Times{"2026-03-01T09:00:00Z", "2026-03-01T09:00:10Z", "2026-03-01T09:00:20Z"}));
}

TEST_F(Mending, records_of_an_earlier_process_of_the_same_run_of_the_machine) {
  append();
  ASSERT_TRUE(stage.open_again());
  stage.clock.advance(10s);
  append();
  sync();
  step();
  EXPECT_EQ(times(), (Times{"2026-03-01T09:00:00Z", "2026-03-01T09:00:10Z"}));
}

TEST_F(Mending, records_of_an_earlier_run_of_the_machine_stay_marked) {
  append();
  stage.store.reset();
  stage.clock.set_boot(2);
  ASSERT_TRUE(stage.open());
  append();
  sync();
  step();
  EXPECT_EQ(times(), (Times{"marked 2023-06-05T09:00:00Z", "2026-03-01T09:00:00Z"}));
  EXPECT_EQ(waiting()[0].accepted(), std::nullopt) << "nobody knows how old it is";
}

TEST_F(Mending, what_is_replayed_from_an_earlier_run_of_the_machine_stays_marked) {
  const Record read = record();
  Batch batch;
  batch.counts.received_qos1 = batch.counts.quarantined = 1;
  batch.quarantined.push_back({.reason = "not JSON", .schema = "s/1", .topic = "t", .boot_at = read.boot_at});
  ASSERT_TRUE(stage.store->append(batch));
  stage.store.reset();
  stage.clock.set_boot(2);
  stage.clock.advance(1h);
  ASSERT_TRUE(stage.open());
  ASSERT_EQ(*stage.store->replay(std::vector{Reread{1, Reread::Fate::understood, {read}}}), std::vector<bool>{true});
  sync();
  step();
  EXPECT_EQ(times(), (Times{"marked 2023-06-05T09:00:00Z"}));
}

TEST_F(Mending, where_the_run_of_the_machine_cannot_be_told_each_process_is_one) {
  stage.clock.set_boot(0);
  ASSERT_TRUE(stage.open_again());
  append();
  ASSERT_TRUE(stage.open_again());
  append();
  sync();
  step();
  EXPECT_EQ(times(), (Times{"marked 2023-06-05T09:00:00Z", "2026-03-01T09:00:00Z"}));
}

TEST_F(Mending, what_every_cloud_has_settled_stays_as_it_was_sent) {
  append(3);
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 2})));
  ASSERT_TRUE(settle_all(*stage.store, "b", *stage.store->read("b", {.count_max = 1})));
  sync();
  step();
  step();
  EXPECT_EQ(stage.store->take_mended()->records, 2u);
  EXPECT_EQ(times("a"), (Times{"2026-03-01T09:00:00Z"}));
  EXPECT_EQ(times("b"), (Times{"2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z"}));
  stage.store.reset();
  auto database = Database::open(stage.file(), Database::Mode::write);
  EXPECT_EQ(*database->number("SELECT count(*) FROM log WHERE data LIKE '%unsynced%'"), 1);
  ASSERT_TRUE(stage.open());
}

TEST_F(Mending, bytes_and_counts_stay_what_they_were) {
  append(10);
  const std::int64_t bytes = stage.cloud("a").backlog_bytes;
  sync();
  step();
  EXPECT_EQ(stage.cloud("a").backlog_bytes, bytes);
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {})));
  EXPECT_EQ(stage.cloud("a").backlog_bytes, 0);
  EXPECT_EQ(stage.cloud("a").delivered, 10u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.cloud("b").backlog_bytes, bytes);
}

TEST_F(Mending, a_kill_between_two_steps_mends_nothing_twice) {
  append(2500);
  sync();
  step();
  Stage killed;
  copy_as_killed(stage, killed);
  ASSERT_TRUE(killed.open());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(killed.store->step());
  EXPECT_EQ(killed.store->take_mended()->records, 500u);
  const auto page = killed.store->read("a", {.count_max = 10'000, .bytes_max = 1 << 30});
  ASSERT_EQ(page->records.size(), 2500u);
  for (const Record& each : page->records) ASSERT_EQ(rfc3339(each.time), "2026-03-01T09:00:00Z");
}

TEST_F(Mending, mended_records_are_as_old_as_they_are) {
  append(2);
  stage.clock.advance(1h);
  sync();
  step();
  ASSERT_EQ(rfc3339(*stage.cloud("a").oldest), "2026-03-01T09:00:00Z");
  for (int i = 0; i < 3; ++i, stage.clock.advance(2h)) step();
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u) << "not by their ids, which look years old";
  stage.clock.advance(days(30));
  step();
  EXPECT_EQ(stage.cloud("a").dropped_age, 2u) << "nor young for ever";
}

TEST_F(Mending, quarantine_is_mended_too) {
  const auto put = [&] {
    Batch batch;
    batch.quarantined.push_back(
        {.reason = "r", .received_at = stage.clock.wall_time(), .boot_at = started_at(stage.clock)});
    batch.counts.received_qos1 = batch.counts.quarantined = 1;
    ASSERT_TRUE(stage.store->append(batch));
  };
  put();
  stage.store.reset();
  stage.clock.set_boot(2);
  ASSERT_TRUE(stage.open());
  put();
  sync();
  step();
  step();
  EXPECT_FALSE(stage.store->take_mended()) << "of records only";
  stage.store.reset();
  auto database = Database::open(stage.file(), Database::Mode::write);
  const auto number = [&](const std::string& what, int id) {
    return *database->number("SELECT " + what + " FROM quarantine WHERE id = " + std::to_string(id));
  };
  EXPECT_EQ(number("received_at", 2), stage.clock.wall_time().time_since_epoch().count());
  EXPECT_EQ(number("put_at", 2), stage.clock.wall_time().time_since_epoch().count());
  EXPECT_EQ(number("dated", 2), 1);
  EXPECT_EQ(number("dated", 1), 0);
  EXPECT_NE(number("received_at", 1), number("received_at", 2));
  ASSERT_TRUE(stage.open());
}

TEST_F(Mending, what_cannot_be_read_is_mended_by_its_id) {
  Batch batch;
  batch.records.push_back(stage.record());
  batch.records[0].boot_at = started_at(stage.clock);
  ASSERT_TRUE(stage.store->append(batch));
  sync();
  step();
  step();
  EXPECT_EQ(stage.store->take_mended()->records, 1u);
  EXPECT_EQ(rfc3339(*waiting()[0].accepted()), "2026-03-01T09:00:00Z");
}

}  // namespace
}  // namespace sluice::store
