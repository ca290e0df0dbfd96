// Appending, reading, settling; clouds that come and go; what survives.
#include <thread>

#include <gtest/gtest.h>

#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

struct Outbox : testing::Test {
  void SetUp() override {
    ASSERT_TRUE(stage.open());
    ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  }
  void TearDown() override { EXPECT_EQ(broken_equation(stage.store->snapshot()), ""); }
  Stage stage;
};

TEST_F(Outbox, gives_back_what_was_appended) {
  Record record = stage.record();
  record.kind = RecordKind::presence;
  record.device = "tasmota/Küche";
  record.schema = "tasmota/lwt";
  record.time = Timestamp(Duration(-5));
  record.data = std::string("{\"x\":\"\\u0000\"}") + '\0' + "tail";
  ASSERT_TRUE(stage.store->append({.records = {record, stage.record(2)}}));
  const Page page = *stage.store->read("a", {});
  ASSERT_EQ(page.records.size(), 2u);
  EXPECT_EQ(page.records[0].id, record.id);
  EXPECT_EQ(page.records[0].kind, record.kind);
  EXPECT_EQ(page.records[0].device, record.device);
  EXPECT_EQ(page.records[0].schema, record.schema);
  EXPECT_EQ(page.records[0].time, record.time);
  EXPECT_EQ(page.records[0].data, record.data);
  EXPECT_EQ(page.positions, (std::vector<std::int64_t>{1, 2}));
}

TEST_F(Outbox, reads_within_limits_but_at_least_one) {
  ASSERT_TRUE(stage.store->append(stage.batch(10, 500)));
  EXPECT_EQ(stage.store->read("a", {.count_max = 4})->records.size(), 4u);
  EXPECT_EQ(stage.store->read("a", {.count_max = 10, .bytes_max = 1600})->records.size(), 3u);
  EXPECT_EQ(stage.store->read("a", {.count_max = 10, .bytes_max = 1500})->records.size(), 3u);
  EXPECT_EQ(stage.store->read("a", {.count_max = 10, .bytes_max = 1})->records.size(), 1u);
  EXPECT_EQ(stage.store->read("a", {.count_max = 0})->records.size(), 1u);
}

TEST_F(Outbox, each_cloud_goes_at_its_own_pace) {
  ASSERT_TRUE(stage.store->append(stage.batch(10, 100)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 4})));
  EXPECT_EQ(stage.store->read("a", {})->positions.front(), 5);
  EXPECT_EQ(stage.store->read("b", {})->positions.front(), 1);
  EXPECT_EQ(stage.cloud("a").backlog_records, 6u);
  EXPECT_EQ(stage.cloud("a").backlog_bytes, 600);
  EXPECT_EQ(stage.cloud("b").backlog_bytes, 1000);
  EXPECT_EQ(stage.store->snapshot().outbox_bytes, 1000);
}

TEST_F(Outbox, counts_each_fate_once) {
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  const Page page = *stage.store->read("a", {});
  const std::vector<Store::Settlement> settlements = {
      {1, Settled::delivered}, {2, Settled::skipped}, {3, Settled::rejected}, {4, Settled::delivered}};
  const Quarantined refused{.reason = "422 no", .cloud = "a", .record = page.records[2]};
  ASSERT_TRUE(stage.store->settle("a", settlements, {refused}));
  ASSERT_TRUE(stage.store->settle("a", settlements)) << "again: all of it is passed over";
  const CloudCounts cloud = stage.cloud("a");
  EXPECT_EQ(cloud.delivered, 2u);
  EXPECT_EQ(cloud.skipped, 1u);
  EXPECT_EQ(cloud.rejected, 1u);
  EXPECT_EQ(cloud.backlog_records, 1u);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 1u);
  EXPECT_EQ(stage.store->snapshot().messages.quarantined, 0u) << "a record is not a message";
}

TEST_F(Outbox, settling_out_of_order_is_a_programmer_error) {
  ASSERT_TRUE(stage.store->append(stage.batch(5)));
  const std::vector<Store::Settlement> gap = {{2, Settled::delivered}};
  EXPECT_DEATH((void)stage.store->settle("a", gap), "cursor");
}

TEST_F(Outbox, an_append_is_durable_on_return) {
  Batch batch = stage.batch(7);
  batch.quarantined.push_back({.reason = "not JSON", .topic = "t", .payload = "p"});
  batch.counts.received_qos1 += 1;
  batch.counts.quarantined += 1;
  ASSERT_TRUE(stage.store->append(batch));
  Stage after;
  copy_as_killed(stage, after);
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.store->snapshot().stored, 7u);
  EXPECT_EQ(after.store->snapshot().messages.received(), 8u);
  EXPECT_EQ(after.store->snapshot().quarantine_records, 1u);
  EXPECT_EQ(after.store->read("a", {})->records.size(), 7u);
  EXPECT_EQ(broken_equation(after.store->snapshot()), "");
}

TEST_F(Outbox, a_refusal_is_durable_on_return_with_what_was_settled_before) {
  ASSERT_TRUE(stage.store->append(stage.batch(4)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 2})));
  const Page page = *stage.store->read("a", {});
  const std::vector<Store::Settlement> settlements = {{3, Settled::rejected}};
  ASSERT_TRUE(stage.store->settle("a", settlements, {{.reason = "no", .cloud = "a", .record = page.records[0]}}));
  Stage after;
  copy_as_killed(stage, after);
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.cloud("a").delivered, 2u);
  EXPECT_EQ(after.cloud("a").rejected, 1u);
  EXPECT_EQ(after.store->snapshot().quarantine_records, 1u);
}

TEST_F(Outbox, a_settlement_rides_with_the_next_append) {
  ASSERT_TRUE(stage.store->append(stage.batch(4)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {})));
  Stage before, after;
  copy_as_killed(stage, before);
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  copy_as_killed(stage, after);
  ASSERT_TRUE(before.open());
  EXPECT_EQ(before.cloud("a").backlog_records, 4u) << "lost with the process: repeated, never lost";
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.cloud("a").delivered, 4u);
}

TEST_F(Outbox, a_settlement_is_written_by_step_within_a_second) {
  ASSERT_TRUE(stage.store->append(stage.batch(4)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {})));
  stage.clock.advance(1s);
  ASSERT_TRUE(stage.store->step());
  Stage after;
  copy_as_killed(stage, after);
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.cloud("a").delivered, 4u);
}

TEST_F(Outbox, counts_without_rows_need_no_commit_and_are_written_within_a_minute) {
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  const auto commits = stage.store->commit_times().count;
  ASSERT_TRUE(stage.store->append({.counts = {.received_qos0 = 5, .ignored = 5}}));
  EXPECT_EQ(stage.store->commit_times().count, commits);
  EXPECT_EQ(stage.store->snapshot().messages.ignored, 5u);
  stage.clock.advance(1min);
  ASSERT_TRUE(stage.store->step());
  EXPECT_EQ(stage.store->commit_times().count, commits + 1);
  ASSERT_TRUE(stage.store->step());
  EXPECT_EQ(stage.store->commit_times().count, commits + 1) << "nothing is left to write";
  Stage after;
  copy_as_killed(stage, after);
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.store->snapshot().messages.ignored, 5u);
}

TEST_F(Outbox, counts_without_rows_do_not_pile_up) {
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  const auto commits = stage.store->commit_times().count;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stage.store->append({.counts = {.received_qos1 = 1000, .ignored = 1000}}));
  EXPECT_EQ(stage.store->commit_times().count, commits + 1);
}

TEST_F(Outbox, opened_again_all_is_as_it_was) {
  ASSERT_TRUE(stage.store->append(stage.batch(20, 300)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 8}), Settled::skipped));
  ASSERT_TRUE(stage.store->append({.counts = {.received_qos0 = 3, .ignored = 3}}));
  const Snapshot before = stage.store->snapshot();
  ASSERT_TRUE(stage.open_again());
  const Snapshot after = stage.store->snapshot();
  EXPECT_EQ(after.stored, before.stored);
  EXPECT_EQ(after.outbox_bytes, before.outbox_bytes);
  EXPECT_EQ(after.messages.received_qos0, 3u);
  EXPECT_EQ(after.messages.received_qos1, 20u);
  EXPECT_EQ(stage.cloud("a").skipped, 8u);
  EXPECT_EQ(stage.store->read("a", {})->positions.front(), 9);
  EXPECT_EQ(stage.store->read("b", {})->positions.front(), 1);
}

TEST_F(Outbox, numbers_go_on_after_everything_was_pruned) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(stage.store->append(stage.batch(2000)));
    for (const char* name : {"a", "b"})
      ASSERT_TRUE(settle_all(*stage.store, name, *stage.store->read(name, {.count_max = 5000, .bytes_max = 1 << 30})));
    stage.clock.advance(1s);
    ASSERT_TRUE(stage.store->step());
    ASSERT_TRUE(stage.open_again());
    EXPECT_EQ(stage.store->snapshot().stored, 2000u * (i + 1));
    EXPECT_EQ(stage.store->snapshot().outbox_bytes, 0);
  }
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  EXPECT_EQ(stage.store->read("b", {})->positions, (std::vector<std::int64_t>{6001}));
}

TEST_F(Outbox, a_new_cloud_begins_at_the_present_end) {
  ASSERT_TRUE(stage.store->append(stage.batch(10)));
  ASSERT_TRUE(stage.store->keep_clouds({"a", "b", "c"}));
  EXPECT_EQ(stage.cloud("c").stored, 0u);
  EXPECT_TRUE(stage.store->read("c", {})->records.empty());
  ASSERT_TRUE(stage.store->append(stage.batch(2)));
  EXPECT_EQ(stage.cloud("c").stored, 2u);
  EXPECT_EQ(stage.store->read("c", {})->records.size(), 2u);
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.cloud("c").stored, 2u);
}

TEST_F(Outbox, a_cloud_that_is_gone_is_forgotten_and_pins_nothing) {
  ASSERT_TRUE(stage.store->append(stage.batch(10, 100)));
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {})));
  const auto forgotten = stage.store->keep_clouds({"a"});
  ASSERT_TRUE(forgotten);
  ASSERT_EQ(forgotten->size(), 1u);
  EXPECT_EQ(forgotten->front().cloud, "b");
  EXPECT_EQ(forgotten->front().backlog_records, 10u);
  EXPECT_EQ(stage.store->snapshot().outbox_bytes, 0);
  EXPECT_FALSE(stage.store->read("b", {}));
  ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  EXPECT_EQ(stage.cloud("b").stored, 0u) << "the same name again is a new cloud";
  ASSERT_TRUE(stage.open_again());
  EXPECT_EQ(stage.store->snapshot().clouds.size(), 2u);
  EXPECT_EQ(stage.cloud("b").stored, 0u);
}

TEST_F(Outbox, clouds_are_shown_in_the_order_they_were_given) {
  ASSERT_TRUE(stage.store->append(stage.batch(3)));
  ASSERT_TRUE(stage.store->keep_clouds({"b", "new", "a"}));
  const Snapshot shown = stage.store->snapshot();
  ASSERT_EQ(shown.clouds.size(), 3u);
  EXPECT_EQ(shown.clouds[0].name, "b");
  EXPECT_EQ(shown.clouds[1].name, "new");
  EXPECT_EQ(shown.clouds[2].name, "a");
}

TEST_F(Outbox, a_renamed_cloud_is_one_gone_and_one_new) {
  ASSERT_TRUE(stage.store->append(stage.batch(3)));
  const auto forgotten = stage.store->keep_clouds({"a", "c"});
  ASSERT_TRUE(forgotten);
  ASSERT_EQ(forgotten->size(), 1u);
  EXPECT_EQ(forgotten->front().cloud, "b");
  EXPECT_EQ(stage.cloud("a").backlog_records, 3u);
  EXPECT_EQ(stage.cloud("c").backlog_records, 0u);
}

TEST_F(Outbox, without_clouds_records_are_counted_and_pruned) {
  ASSERT_TRUE(stage.store->keep_clouds({}));
  stage.options.limits.when_full = WhenFull::hold;
  stage.options.limits.size_max = 1000;
  ASSERT_TRUE(stage.open_again());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stage.store->append(stage.batch(100)));
  EXPECT_EQ(stage.store->snapshot().stored, 2000u);
  EXPECT_EQ(stage.store->snapshot().outbox_bytes, 0);
  const auto size = std::filesystem::file_size(stage.file());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stage.store->append(stage.batch(100)));
  ASSERT_TRUE(stage.open_again());
  EXPECT_LT(std::filesystem::file_size(stage.file()), size + 1'000'000);
}

TEST_F(Outbox, tells_when_the_oldest_was_accepted) {
  const Timestamp first = stage.clock.wall_time();
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  stage.clock.advance(10s);
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  EXPECT_EQ(stage.cloud("a").oldest, first);
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {.count_max = 1})));
  EXPECT_EQ(stage.cloud("a").oldest, first + 10s);
  ASSERT_TRUE(settle_all(*stage.store, "a", *stage.store->read("a", {})));
  EXPECT_EQ(stage.cloud("a").oldest, std::nullopt);
}

TEST_F(Outbox, waiting_ends_with_an_append) {
  std::thread waiter([&] { stage.store->wait("a", 60s); });
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  waiter.join();
  stage.store->wait("a", 60s);  // returns at once: there is something
}

TEST_F(Outbox, waiting_ends_with_a_wake_that_came_before) {
  stage.store->wake();
  stage.store->wait("a", 60s);
  stage.store->wait("b", 60s);
  const auto begin = std::chrono::steady_clock::now();
  stage.store->wait("a", 20ms);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms) << "it is used up: this one runs out";
}

TEST_F(Outbox, an_unknown_cloud_is_an_error) {
  EXPECT_FALSE(stage.store->read("nobody", {}));
  const std::vector<Store::Settlement> settlements = {{1, Settled::delivered}};
  EXPECT_FALSE(stage.store->settle("nobody", settlements));
}

TEST_F(Outbox, a_record_of_a_mebibyte_goes_through) {
  ASSERT_TRUE(stage.store->append(stage.batch(3, 1 << 20)));
  const Page page = *stage.store->read("a", {});
  ASSERT_EQ(page.records.size(), 1u);
  EXPECT_EQ(page.records[0].size(), std::size_t{1} << 20);
}

TEST_F(Outbox, commit_times_are_cumulative) {
  const auto before = stage.store->commit_times();
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  const auto after = stage.store->commit_times();
  EXPECT_EQ(after.count, before.count + 1);
  ASSERT_FALSE(after.buckets.empty());
  EXPECT_EQ(after.buckets.front().second, before.buckets.front().second + 1) << "in no time, by the test's clock";
  EXPECT_EQ(after.buckets.back().second, after.count);
}

}  // namespace
}  // namespace sluice::store
