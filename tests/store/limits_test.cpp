// The bounds of the buffer and of quarantine, by size and by age.
#include <gtest/gtest.h>

#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

struct LimitsTest : testing::Test {
  void open(const Limits& limits) {
    stage.options.limits = limits;
    stage.options.durability = Durability::process_crash;
    ASSERT_TRUE(stage.open_again());
    ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  }
  /// As a gateway does that has run for a while: the clock was looked at, and ran evenly.
  void let_clock_be_trusted() {
    ASSERT_TRUE(stage.store->step());
    stage.clock.advance(2min);
    ASSERT_TRUE(stage.store->step());
  }
  void pass(Duration time) {
    stage.clock.advance(time);
    ASSERT_TRUE(stage.store->step());
  }
  void TearDown() override { EXPECT_EQ(broken_equation(stage.store->snapshot()), ""); }
  Stage stage;
};

TEST_F(LimitsTest, drop_oldest_keeps_the_newest_within_the_size) {
  open({.size_max = 1000});
  ASSERT_TRUE(stage.store->append(stage.batch(5, 200)));
  EXPECT_EQ(stage.cloud("a").dropped_size, 0u);
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 2})));
  ASSERT_TRUE(stage.store->append(stage.batch(3, 200)));
  EXPECT_EQ(stage.cloud("a").dropped_size, 1u) << "those it had delivered make room without a loss";
  EXPECT_EQ(stage.cloud("b").dropped_size, 3u);
  EXPECT_EQ(stage.store->snapshot().outbox_bytes, 1000);
  EXPECT_EQ(stage.store->read("a", {})->positions, (std::vector<std::int64_t>{4, 5, 6, 7, 8}));
  const auto dropped = stage.store->step();
  ASSERT_TRUE(dropped);
  ASSERT_EQ(dropped->size(), 2u);
  EXPECT_EQ((*dropped)[0].by_size, 1u);
  EXPECT_EQ((*dropped)[1].by_size, 3u);
  EXPECT_TRUE(stage.store->step()->empty()) << "told once";
}

TEST_F(LimitsTest, a_dropped_record_stays_dropped_when_its_verdict_comes) {
  open({.size_max = 1000});
  ASSERT_TRUE(stage.store->append(stage.batch(5, 200)));
  const Page in_flight = *stage.store->read("a", {});
  ASSERT_TRUE(stage.store->append(stage.batch(3, 200)));
  ASSERT_TRUE(settle_all(*stage.store, "a", in_flight));
  EXPECT_EQ(stage.cloud("a").dropped_size, 3u);
  EXPECT_EQ(stage.cloud("a").delivered, 2u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 3u);
}

TEST_F(LimitsTest, a_verdict_on_rows_that_are_gone_from_the_file_is_passed_over) {
  open({.size_max = 100'000});
  ASSERT_TRUE(stage.store->append(stage.batch(300, 200)));
  const Page in_flight = *stage.store->read("a", {});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stage.store->append(stage.batch(500, 200)));
  ASSERT_TRUE(settle_all(*stage.store, "a", in_flight));
  EXPECT_EQ(stage.cloud("a").delivered, 0u);
  EXPECT_EQ(stage.cloud("a").dropped_size, 1800u);
}

TEST_F(LimitsTest, a_batch_larger_than_the_buffer_leaves_its_newest) {
  open({.size_max = 1000});
  ASSERT_TRUE(stage.store->append(stage.batch(20, 200)));
  EXPECT_EQ(stage.cloud("a").dropped_size, 15u);
  EXPECT_EQ(stage.store->read("a", {})->positions.front(), 16);
  ASSERT_TRUE(stage.store->append(stage.batch(1, 5000)));
  EXPECT_EQ(stage.cloud("a").backlog_records, 0u) << "one that can never fit is dropped";
}

TEST_F(LimitsTest, hold_refuses_and_is_ready_again_below_nine_tenths) {
  open({.size_max = 2000, .when_full = WhenFull::hold});
  ASSERT_TRUE(stage.store->append(stage.batch(10, 200)));
  const Batch more = stage.batch(1, 200);
  const auto refused = stage.store->append(more);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::storage);
  EXPECT_NE(refused.error().message.find("2000 of 2000"), std::string::npos) << refused.error().message;
  EXPECT_EQ(stage.store->last_error(), "") << "the disk is well";
  EXPECT_EQ(stage.store->snapshot().messages.received(), 10u);
  EXPECT_FALSE(stage.store->ready());
  for (const char* name : {"a", "b"})
    ASSERT_TRUE(settle_all(*stage.store, name, *stage.store->read(name, {.count_max = 1})));
  EXPECT_FALSE(stage.store->ready()) << "1800 of 2000 is nine tenths, not below";
  EXPECT_TRUE(stage.store->append(more));
  for (const char* name : {"a", "b"})
    ASSERT_TRUE(settle_all(*stage.store, name, *stage.store->read(name, {.count_max = 2})));
  EXPECT_TRUE(stage.store->ready());
  EXPECT_EQ(stage.cloud("a").dropped_size, 0u);
}

TEST_F(LimitsTest, hold_takes_what_brings_no_records) {
  open({.size_max = 1000, .when_full = WhenFull::hold});
  ASSERT_TRUE(stage.store->append(stage.batch(5, 200)));
  EXPECT_TRUE(stage.store->append({.counts = {.received_qos1 = 1, .ignored = 1}}));
  EXPECT_TRUE(
      stage.store->append({.quarantined = {{.reason = "r"}}, .counts = {.received_qos0 = 1, .quarantined = 1}}));
}

TEST_F(LimitsTest, hold_takes_a_batch_of_any_size_when_empty) {
  open({.size_max = 1000, .when_full = WhenFull::hold});
  EXPECT_TRUE(stage.store->append(stage.batch(20, 200))) << "refused for ever, it would block all behind it";
  EXPECT_FALSE(stage.store->append(stage.batch(1, 200)));
}

TEST_F(LimitsTest, a_smaller_limit_acts_at_the_next_append) {
  open({});
  ASSERT_TRUE(stage.store->append(stage.batch(3000, 200)));
  open({.size_max = 2000});
  ASSERT_TRUE(stage.store->append(stage.batch(1, 200)));
  EXPECT_EQ(stage.cloud("a").backlog_records, 10u);
  EXPECT_EQ(stage.cloud("a").dropped_size, 2991u);
}

TEST_F(LimitsTest, a_smaller_limit_acts_with_what_brings_no_records_too) {
  open({.size_max = 1 << 20});
  ASSERT_TRUE(stage.store->append(stage.batch(600, 200)));
  stage.store->limit({.size_max = 1000});
  Batch batch;
  batch.devices.push_back({"d/1", true, stage.clock.wall_time()});
  ASSERT_TRUE(stage.store->append(batch));
  EXPECT_EQ(stage.cloud("a").dropped_size, 595u);
  EXPECT_EQ(stage.store->snapshot().outbox_bytes, 1000);
  const auto page = stage.store->read("a", {});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->records.size(), 5u);
}

TEST_F(LimitsTest, the_file_stays_bounded_while_it_drops) {
  open({.size_max = 1 << 20});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(stage.store->append(stage.batch(500, 400)));
  EXPECT_LE(stage.store->snapshot().outbox_bytes, 1 << 20);
  ASSERT_TRUE(stage.open_again());
  EXPECT_LT(std::filesystem::file_size(stage.file()), 3u << 20) << "10 MB went through a buffer of 1";
}

TEST_F(LimitsTest, age_lets_the_oldest_go) {
  open({.age_max = days(30)});
  let_clock_be_trusted();
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  pass(days(10));
  ASSERT_TRUE(stage.store->append(stage.batch(3)));
  pass(days(20));
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u) << "exactly as old as allowed";
  stage.clock.advance(1s);
  const auto dropped = stage.store->step();
  ASSERT_TRUE(dropped);
  ASSERT_EQ(dropped->size(), 2u);
  EXPECT_EQ(dropped->front().by_age, 5u);
  EXPECT_EQ(stage.cloud("a").dropped_age, 5u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 3u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.cloud("a").dropped_age, 5u);
}

TEST_F(LimitsTest, age_counts_from_each_clouds_own_place) {
  open({.age_max = days(30)});
  let_clock_be_trusted();
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 4})));
  pass(days(31));
  EXPECT_EQ(stage.cloud("a").dropped_age, 1u);
  EXPECT_EQ(stage.cloud("b").dropped_age, 5u);
}

TEST_F(LimitsTest, a_long_aged_backlog_goes_in_small_steps) {
  open({.age_max = days(30)});
  let_clock_be_trusted();
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(stage.store->append(stage.batch(1000, 120)));
  stage.clock.advance(days(31));
  ASSERT_TRUE(stage.store->step());
  EXPECT_EQ(stage.cloud("a").dropped_age, 10'000u);
  ASSERT_TRUE(stage.store->step());
  ASSERT_TRUE(stage.store->step());
  EXPECT_EQ(stage.cloud("a").dropped_age, 25'000u);
}

TEST_F(LimitsTest, no_age_while_the_clock_is_not_synced) {
  open({.age_max = days(30)});
  let_clock_be_trusted();
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  stage.clock.set_synced(false);
  pass(days(31));
  pass(days(1));
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  stage.clock.set_synced(true);
  pass(30s);
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  pass(31s);
  EXPECT_EQ(stage.cloud("a").dropped_age, 5u);
}

TEST_F(LimitsTest, no_age_for_an_hour_after_the_clock_jumped) {
  open({.age_max = days(30)});
  let_clock_be_trusted();
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  stage.clock.jump(days(31));
  pass(1s);
  for (int minute = 0; minute < 59; ++minute) pass(1min);
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  pass(1min);
  EXPECT_EQ(stage.cloud("a").dropped_age, 5u);
}

TEST_F(LimitsTest, records_from_the_future_are_not_aged) {
  open({.age_max = days(30)});
  Batch early = stage.batch(1);
  stage.clock.jump(days(365));
  Batch batch = stage.batch(2);
  stage.clock.jump(-days(365));
  let_clock_be_trusted();
  ASSERT_TRUE(stage.store->append(early));
  ASSERT_TRUE(stage.store->append(batch));
  pass(1h);
  pass(days(31));
  EXPECT_EQ(stage.cloud("a").dropped_age, 1u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 2u);
}

TEST_F(LimitsTest, an_undated_record_from_the_future_is_not_aged_by_those_behind_it) {
  open({.age_max = days(30)});
  stage.clock.set_synced(false);
  stage.clock.jump(days(365));
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  stage.clock.jump(-days(365));
  stage.clock.set_synced(true);
  RecordIds later(stage.clock);
  Batch batch = stage.batch(1);
  batch.records[0].id = later.next();
  ASSERT_TRUE(stage.store->append(batch));
  pass(1s);
  pass(2h);
  pass(days(31));
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  pass(days(365));
  EXPECT_EQ(stage.cloud("a").dropped_age, 2u);
}

// A machine without a clock of its own starts with the time of its last end. What it takes in before its clock is
// synced looks weeks old afterwards, and is minutes old.
TEST_F(LimitsTest, records_of_an_unsynced_time_age_with_those_behind_them) {
  open({.age_max = days(30)});
  stage.clock.set_synced(false);
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  stage.clock.jump(days(60));
  stage.clock.set_synced(true);
  pass(1s);
  pass(2h);
  pass(2h);
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  ASSERT_TRUE(stage.store->append(stage.batch(2)));
  pass(days(20));
  EXPECT_EQ(stage.cloud("a").dropped_age, 0u);
  pass(days(11));
  EXPECT_EQ(stage.cloud("a").dropped_age, 7u);
}

TEST_F(LimitsTest, more_undated_records_than_one_step_looks_at) {
  open({.age_max = days(30)});
  stage.clock.set_synced(false);
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(stage.store->append(stage.batch(1000, 120)));
  stage.clock.set_synced(true);
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  let_clock_be_trusted();
  pass(days(31));
  for (int i = 0; i < 3; ++i) pass(1s);
  EXPECT_EQ(stage.cloud("a").dropped_age, 25'001u);
  EXPECT_EQ(stage.cloud("b").dropped_age, 25'001u);
}

struct QuarantineTest : LimitsTest {
  void put(std::size_t count, std::size_t payload) {
    Batch batch;
    for (std::size_t i = 0; i < count; ++i)
      batch.quarantined.push_back({.reason = "not JSON", .topic = "t", .payload = std::string(payload, 'x')});
    batch.counts.received_qos1 = batch.counts.quarantined = count;
    ASSERT_TRUE(stage.store->append(batch));
  }
};

TEST_F(QuarantineTest, stays_within_its_size) {
  open({.quarantine_size_max = 10'000});
  put(5, 1000);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 5u);
  EXPECT_GT(stage.store->snapshot().quarantine_bytes, 5000);
  put(20, 1000);
  EXPECT_LE(stage.store->snapshot().quarantine_bytes, 10'000);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 9u);
  EXPECT_EQ(stage.store->snapshot().quarantine_dropped, 16u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 9u);
  EXPECT_EQ(stage.store->snapshot().quarantine_dropped, 16u);
  EXPECT_EQ(stage.store->snapshot().messages.quarantined, 25u);
}

TEST_F(QuarantineTest, counts_messages_by_schema_for_ever) {
  using Counts = std::vector<std::pair<std::string, std::uint64_t>>;
  open({.quarantine_size_max = 300});
  const auto put_one = [&](const std::string& schema, const std::optional<Record>& record = {}) {
    ASSERT_TRUE(stage.store->append({.quarantined = {{.reason = "r", .schema = schema, .record = record}}}));
  };
  for (int i = 0; i < 10; ++i) put_one("z/1");
  put_one("");
  put_one("a/1", stage.record());
  EXPECT_EQ(stage.store->snapshot().quarantined_by_schema, (Counts{{"z/1", 10}, {"", 1}})) << "records aside";
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.store->snapshot().quarantined_by_schema, (Counts{{"", 1}, {"z/1", 10}}));
  put_one("z/1");
  put_one("b/1");
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.store->snapshot().quarantined_by_schema, (Counts{{"", 1}, {"b/1", 1}, {"z/1", 11}}));
}

TEST_F(QuarantineTest, one_too_large_for_it_is_let_go) {
  open({.quarantine_size_max = 1000});
  put(1, 5000);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 0u);
  EXPECT_EQ(stage.store->snapshot().quarantine_bytes, 0);
  EXPECT_EQ(stage.store->snapshot().quarantine_dropped, 1u);
}

TEST_F(QuarantineTest, lets_the_old_go) {
  open({.quarantine_age_max = days(90)});
  let_clock_be_trusted();
  put(3, 10);
  pass(days(50));
  put(2, 10);
  pass(days(41));
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 2u);
  EXPECT_EQ(stage.store->snapshot().quarantine_dropped, 3u);
}

TEST_F(QuarantineTest, what_came_by_an_unsynced_clock_is_not_too_old) {
  open({.quarantine_age_max = days(90)});
  stage.clock.set_synced(false);
  put(3, 10);
  stage.clock.jump(days(365));
  stage.clock.set_synced(true);
  pass(1s);
  pass(2h);
  pass(1s);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 3u);
}

}  // namespace
}  // namespace sluice::store
