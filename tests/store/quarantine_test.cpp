// Quarantine as a tool: what is in it, what is replayed, what is sent again, what is let go.
#include <gtest/gtest.h>

#include "gateway/store/database.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using Ids = std::vector<std::int64_t>;

struct ReplayedQuarantine : testing::Test {
  void SetUp() override { open({}); }
  void open(const Limits& limits) {
    stage.options.limits = limits;
    stage.options.durability = Durability::process_crash;
    ASSERT_TRUE(stage.open_again());
    ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  }
  void TearDown() override { EXPECT_EQ(broken_equation(stage.store->snapshot()), ""); }

  /// A message that could not be read.
  void set_aside(const std::string& topic, const std::string& schema, const std::string& reason,
                 const std::string& payload = "?") {
    Batch batch;
    batch.counts.received_qos1 = batch.counts.quarantined = 1;
    batch.quarantined.push_back({.reason = reason,
                                 .schema = schema,
                                 .field = "f",
                                 .topic = topic,
                                 .payload = payload,
                                 .retained = true,
                                 .payload_size = payload.size(),
                                 .received_at = stage.clock.wall_time()});
    ASSERT_TRUE(stage.store->append(batch));
  }
  /// So many records, all of which cloud "a" refuses, and "b" takes.
  std::vector<Record> refuse(std::size_t count) {
    EXPECT_TRUE(stage.store->append(stage.batch(count)));
    const Page page = *stage.store->read("a", {});
    std::vector<Store::Settlement> settlements;
    std::vector<Quarantined> refused;
    for (std::size_t i = 0; i < count; ++i) {
      settlements.push_back({page.positions[i], Settled::rejected});
      refused.push_back({.reason = "422", .schema = "s/1", .cloud = "a", .record = page.records[i]});
      refused.back().record->payload = "as the device wrote it";
    }
    EXPECT_TRUE(stage.store->settle("a", settlements, std::move(refused)));
    EXPECT_TRUE(settle_all(*stage.store, "b", *stage.store->read("b", {})));
    return page.records;
  }
  Ids listed(const QuarantineFilter& filter = {}, const QuarantineStretch& stretch = {}) {
    Ids ids;
    const auto page = *stage.store->quarantine(filter, stretch);
    for (const QuarantineEntry& entry : page.entries) ids.push_back(entry.id);
    return ids;
  }
  Reread understood(std::int64_t id, std::size_t records = 1) {
    Reread reread{.id = id, .fate = Reread::Fate::understood};
    for (std::size_t i = 0; i < records; ++i) reread.records.push_back(stage.record(id));
    return reread;
  }
  Stage stage;
};

TEST_F(ReplayedQuarantine, is_listed_newest_first_and_in_pages) {
  for (int i = 1; i <= 5; ++i) set_aside("t/" + std::to_string(i), "s/1", "not JSON");
  EXPECT_EQ(listed(), (Ids{5, 4, 3, 2, 1}));
  EXPECT_EQ(listed({}, {.before = 4, .count_max = 2}), (Ids{3, 2}));
  EXPECT_EQ(listed({}, {.after = 2, .count_max = 2}), (Ids{3, 4}));
  EXPECT_TRUE(stage.store->quarantine({}, {.count_max = 4})->more);
  EXPECT_FALSE(stage.store->quarantine({}, {.count_max = 5})->more);
}

TEST_F(ReplayedQuarantine, is_searched_by_schema_topic_reason_and_cloud) {
  set_aside("tele/kitchen/SENSOR", "tasmota/sensor", "not JSON at 3");
  set_aside("tele/hall/SENSOR", "tasmota/sensor", "out of range: 900");
  set_aside("tele/hall/STATE", "tasmota/state", "not JSON at 7");
  refuse(1);
  EXPECT_EQ(listed({.schema = "tasmota/sensor"}), (Ids{2, 1}));
  EXPECT_EQ(listed({.topic = "tele/hall/+"}), (Ids{3, 2}));
  EXPECT_EQ(listed({.reason = "not JSON"}), (Ids{3, 1}));
  EXPECT_EQ(listed({.cloud = "a"}), (Ids{4}));
  EXPECT_EQ(listed({.cloud = ""}), (Ids{3, 2, 1}));
  EXPECT_EQ(listed({.schema = "tasmota/sensor", .topic = "tele/hall/#"}), (Ids{2}));
}

TEST_F(ReplayedQuarantine, is_counted_by_what_is_asked_for) {
  for (int i = 0; i < 3; ++i) set_aside("t/" + std::to_string(i), "s/1", "not JSON");
  set_aside("t/0", "s/2", "not JSON");
  const auto by_schema = stage.store->quarantine_groups({}, {.schema = true})->groups;
  ASSERT_EQ(by_schema.size(), 2u);
  EXPECT_EQ(by_schema[0].schema, "s/1");
  EXPECT_EQ(by_schema[0].count, 3u);
  EXPECT_EQ(by_schema[0].newest, 3);
  EXPECT_EQ(by_schema[0].reason, "");
  EXPECT_EQ(stage.store->quarantine_groups({}, {.reason = true})->groups.size(), 1u);
  EXPECT_EQ(stage.store->quarantine_groups({}, {.schema = true, .topic = true})->groups.size(), 4u);
}

TEST_F(ReplayedQuarantine, counts_by_a_bounded_number_of_kinds) {
  Batch batch;
  for (int i = 0; i < 40; ++i)
    batch.quarantined.push_back({.topic = std::to_string(i) + std::string(60'000, 't'), .payload = "?"});
  batch.counts.received_qos0 = batch.counts.quarantined = batch.quarantined.size();
  ASSERT_TRUE(stage.store->append(batch));
  const auto groups = *stage.store->quarantine_groups({}, {.topic = true});
  EXPECT_LT(groups.groups.size(), 20u);
  EXPECT_EQ(groups.groups.size() + groups.others, 40u);
}

TEST_F(ReplayedQuarantine, shows_a_message_and_a_record_in_full) {
  set_aside("tele/x/SENSOR", "s/1", "not JSON", std::string("a\0b", 3));
  const Record record = refuse(1).front();
  const auto message = *stage.store->quarantined(1);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->what.payload, std::string("a\0b", 3));
  EXPECT_EQ(message->what.field, "f");
  EXPECT_TRUE(message->what.retained);
  EXPECT_EQ(message->what.received_at, stage.clock.wall_time());
  EXPECT_FALSE(message->what.record);
  const auto refused = *stage.store->quarantined(2);
  ASSERT_TRUE(refused && refused->what.record);
  EXPECT_EQ(refused->what.record->id, record.id);
  EXPECT_EQ(refused->what.record->data, record.data);
  EXPECT_EQ(refused->what.record->payload, "as the device wrote it");
  EXPECT_FALSE(*stage.store->quarantined(3));
}

TEST_F(ReplayedQuarantine, a_message_that_is_replayed_moves_from_quarantined_to_its_new_fate) {
  for (int i = 0; i < 4; ++i) set_aside("t", "s/1", "not JSON");
  std::vector<Reread> reread = {understood(1, 2), {.id = 2, .fate = Reread::Fate::ignored}};
  reread.push_back({.id = 3, .schema = "s/2", .field = "g", .reason = "out of range"});
  EXPECT_EQ(*stage.store->replay(reread), (std::vector<bool>{true, true, true}));
  const Snapshot shown = stage.store->snapshot();
  EXPECT_EQ(shown.messages.received(), 4u);
  EXPECT_EQ(shown.messages.understood, 1u);
  EXPECT_EQ(shown.messages.ignored, 1u);
  EXPECT_EQ(shown.messages.quarantined, 2u);
  EXPECT_EQ(shown.replayed_understood, 1u);
  EXPECT_EQ(shown.replayed_ignored, 1u);
  EXPECT_EQ(shown.stored, 2u);
  EXPECT_EQ(stage.store->read("a", {})->records.size(), 2u);
  EXPECT_EQ(listed(), (Ids{4, 3}));
  EXPECT_EQ((*stage.store->quarantined(3))->what.reason, "out of range");
  EXPECT_EQ((*stage.store->quarantined(3))->what.schema, "s/2");
  EXPECT_EQ(shown.quarantined_by_schema, (std::vector<std::pair<std::string, std::uint64_t>>{{"s/1", 4}}));
}

TEST_F(ReplayedQuarantine, a_message_is_replayed_once) {
  set_aside("t", "s/1", "not JSON");
  ASSERT_TRUE(stage.store->replay(std::vector{understood(1)}));
  EXPECT_EQ(*stage.store->replay(std::vector{understood(1), understood(7)}), (std::vector<bool>{false, false}));
  EXPECT_EQ(*stage.store->replay(std::vector{understood(1)}), std::vector<bool>{false});
  EXPECT_EQ(stage.store->snapshot().stored, 1u);
  EXPECT_EQ(stage.store->snapshot().messages.understood, 1u);
}

TEST_F(ReplayedQuarantine, a_process_that_is_killed_has_replayed_all_of_a_commit) {
  for (int i = 0; i < 10; ++i) set_aside("t", "s/1", "not JSON");
  Stage before, after;
  copy_as_killed(stage, before);
  std::vector<Reread> reread;
  for (int i = 1; i <= 10; ++i) reread.push_back(understood(i));
  ASSERT_TRUE(stage.store->replay(reread));
  copy_as_killed(stage, after);
  ASSERT_TRUE(before.open());
  EXPECT_EQ(before.store->snapshot().quarantine_records, 10u);
  EXPECT_EQ(before.store->snapshot().stored, 0u);
  ASSERT_TRUE(after.open());
  EXPECT_EQ(after.store->snapshot().quarantine_records, 0u);
  EXPECT_EQ(after.store->snapshot().stored, 10u);
  EXPECT_EQ(broken_equation(after.store->snapshot()), "");
}

TEST_F(ReplayedQuarantine, a_full_buffer_that_holds_takes_no_replay) {
  open({.size_max = 500, .when_full = WhenFull::hold});
  set_aside("t", "s/1", "not JSON");
  ASSERT_TRUE(stage.store->append(stage.batch(2)));
  const auto refused = stage.store->replay(std::vector{understood(1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::storage);
  EXPECT_EQ(listed(), Ids{1});
  EXPECT_EQ(stage.store->snapshot().messages.quarantined, 1u);
}

TEST_F(ReplayedQuarantine, what_is_let_go_by_hand_is_counted) {
  set_aside("t", "s/1", "not JSON");
  refuse(1);
  EXPECT_EQ(*stage.store->discard(Ids{1, 2, 3}), (std::vector<bool>{true, true, false}));
  const Snapshot shown = stage.store->snapshot();
  EXPECT_EQ(shown.quarantine_records, 0u);
  EXPECT_EQ(shown.quarantine_bytes, 0);
  EXPECT_EQ(shown.quarantine_discarded, 2u);
  EXPECT_EQ(shown.messages.quarantined, 1u) << "what became of it stays so";
  EXPECT_EQ(stage.cloud("a").rejected, 1u);
}

TEST_F(ReplayedQuarantine, a_refused_record_goes_back_to_the_backlog_of_its_cloud_alone) {
  const auto records = refuse(3);
  EXPECT_EQ(*stage.store->send_again(Ids{2, 9}), (std::vector{Resent::waits, Resent::gone}));
  EXPECT_EQ(stage.store->send_again(Ids{2})->front(), Resent::gone) << "it waits already";
  EXPECT_EQ(stage.cloud("a").rejected, 2u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 1u);
  EXPECT_GT(stage.cloud("a").backlog_bytes, 0);
  EXPECT_EQ(stage.cloud("a").oldest, records[1].id.time());
  EXPECT_EQ(stage.cloud("a").replayed, 1u);
  EXPECT_EQ(stage.cloud("b").backlog_records, 0u);
  EXPECT_EQ(listed(), (Ids{3, 1}));
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 2u);
  EXPECT_EQ(broken_equation(stage.store->snapshot()), "");

  ASSERT_TRUE(stage.open_again());
  EXPECT_TRUE(stage.store->read_again("b", {})->records.empty());
  const Page page = *stage.store->read_again("a", {});
  ASSERT_EQ(page.positions, Ids{2});
  EXPECT_EQ(page.records[0].id, records[1].id);
  EXPECT_EQ(page.records[0].payload, "as the device wrote it");
  ASSERT_TRUE(stage.store->settle_again("a", std::vector<Store::AgainSettlement>{{2, true}}));
  EXPECT_EQ(stage.cloud("a").delivered, 1u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 0u);
  EXPECT_EQ(stage.cloud("a").backlog_bytes, 0);
  EXPECT_FALSE(stage.store->waits_again("a"));
  EXPECT_FALSE(*stage.store->quarantined(2));
}

TEST_F(ReplayedQuarantine, a_record_that_is_refused_again_is_back_with_the_new_reason) {
  refuse(1);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(stage.store->send_again(Ids{1}));
    ASSERT_TRUE(stage.store->settle_again("a", std::vector<Store::AgainSettlement>{{1, false, "still 422"}}));
    EXPECT_EQ(stage.cloud("a").rejected, 1u);
    EXPECT_EQ(stage.cloud("a").stored, 1u);
    EXPECT_EQ((*stage.store->quarantined(1))->what.reason, "still 422");
    EXPECT_EQ(listed(), Ids{1});
  }
}

TEST_F(ReplayedQuarantine, only_its_cloud_settles_what_is_sent_again_and_only_once) {
  refuse(2);
  ASSERT_TRUE(stage.store->send_again(Ids{1}));
  const std::vector<Store::AgainSettlement> both = {{1, true}, {2, true}};
  ASSERT_TRUE(stage.store->settle_again("b", both));
  EXPECT_EQ(stage.cloud("b").delivered, 2u) << "as before";
  EXPECT_EQ(stage.cloud("a").backlog_records, 1u);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stage.store->settle_again("a", both));
  EXPECT_EQ(stage.cloud("a").delivered, 1u);
  EXPECT_EQ(stage.cloud("a").rejected, 1u);
  EXPECT_EQ(listed(), Ids{2});
}

TEST_F(ReplayedQuarantine, the_bounds_drop_what_waits_to_be_sent_again_too) {
  open({.quarantine_size_max = 2000});
  refuse(2);
  ASSERT_TRUE(stage.store->send_again(Ids{1}));
  const Page in_flight = *stage.store->read_again("a", {});
  set_aside("t", "s/1", "not JSON", std::string(1800, 'x'));
  EXPECT_EQ(listed(), Ids{3});
  EXPECT_EQ(stage.cloud("a").dropped_size, 1u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 0u);
  EXPECT_EQ(stage.store->snapshot().quarantine_dropped, 1u) << "the other one";
  ASSERT_TRUE(stage.store->settle_again("a", std::vector<Store::AgainSettlement>{{in_flight.positions[0], true}}));
  EXPECT_EQ(stage.cloud("a").delivered, 0u) << "what was dropped while in flight stays dropped";
}

TEST_F(ReplayedQuarantine, age_drops_what_waits_to_be_sent_again_too) {
  open({.quarantine_age_max = days(1)});
  ASSERT_TRUE(stage.store->step());
  stage.clock.advance(2min);
  ASSERT_TRUE(stage.store->step());
  refuse(1);
  ASSERT_TRUE(stage.store->send_again(Ids{1}));
  for (int i = 0; i < 30; ++i) {
    stage.clock.advance(std::chrono::hours(1));
    ASSERT_TRUE(stage.store->step());
  }
  EXPECT_EQ(stage.cloud("a").dropped_age, 1u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 0u);
}

TEST_F(ReplayedQuarantine, what_waits_for_a_cloud_that_is_gone_is_in_quarantine_again) {
  refuse(2);
  ASSERT_TRUE(stage.store->send_again(Ids{1}));
  ASSERT_TRUE(stage.store->keep_clouds({"b"}));
  EXPECT_EQ(listed(), (Ids{2, 1}));
  EXPECT_EQ(stage.store->send_again(Ids{1})->front(), Resent::no_cloud);
  // A new cloud of that name never stored those records: its account grows by what it is sent again.
  ASSERT_TRUE(stage.store->keep_clouds({"a", "b"}));
  EXPECT_EQ(*stage.store->send_again(Ids{1, 2}), (std::vector{Resent::waits, Resent::waits}));
  EXPECT_EQ(stage.cloud("a").stored, 2u);
  EXPECT_EQ(stage.cloud("a").rejected, 0u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 2u);
  ASSERT_TRUE(stage.store->settle_again("a", std::vector<Store::AgainSettlement>{{1, true}, {2, false, "no"}}));
  ASSERT_TRUE(stage.store->send_again(Ids{2}));
  EXPECT_EQ(stage.cloud("a").stored, 2u) << "its refusal is one of this cloud's now";
  EXPECT_TRUE(stage.open_again()) << "the counters add up";
}

TEST_F(ReplayedQuarantine, of_an_earlier_version_is_replayed_too) {
  set_aside("t", "s/1", "not JSON");
  refuse(1);
  stage.store.reset();
  {
    auto database = Database::open(stage.file(), Database::Mode::write);
    ASSERT_TRUE(database->run(undo_later_steps));
    ASSERT_TRUE(database->run("PRAGMA user_version = 3"));
  }
  ASSERT_TRUE(stage.open());
  EXPECT_EQ(listed(), (Ids{2, 1}));
  EXPECT_EQ(*stage.store->replay(std::vector{understood(1)}), std::vector<bool>{true});
  EXPECT_EQ(stage.store->send_again(Ids{2})->front(), Resent::waits);
  EXPECT_EQ(stage.cloud("a").rejected, 0u);
}

}  // namespace
}  // namespace sluice::store
