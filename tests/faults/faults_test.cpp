// A disk that fails or hangs while the store writes.
#include <thread>

#include <gtest/gtest.h>

#include "tests/faults/faulty_disk.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

using Call = FaultyDisk::Call;
using Fault = FaultyDisk::Fault;

struct Faults : testing::Test {
  void SetUp() override {
    stage.options.vfs = disk.name();
    ASSERT_TRUE(stage.open());
    ASSERT_TRUE(stage.store->keep_clouds({"a"}));
    ASSERT_TRUE(stage.store->append(stage.batch(3)));
  }

  FaultyDisk disk;
  Stage stage;
};

TEST_F(Faults, power_cut_syncs_each_append_and_process_crash_does_not) {
  disk.break_down(Call::sync, Fault::io_error);
  EXPECT_FALSE(stage.store->append(stage.batch(1)));
  disk.mend();
  stage.options.durability = Durability::process_crash;
  ASSERT_TRUE(stage.open_again());
  disk.break_down(Call::sync, Fault::io_error);
  EXPECT_TRUE(stage.store->append(stage.batch(1)));
  disk.mend();
}

TEST_F(Faults, a_full_disk_is_told_in_words) {
  disk.break_down(Call::write, Fault::full);
  const auto done = stage.store->append(stage.batch(1));
  disk.mend();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("full"), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("free some space"), std::string::npos) << done.error().message;
  EXPECT_TRUE(stage.log.contains("writing failed"));
}

TEST_F(Faults, ready_probes_the_disk_after_a_failure) {
  EXPECT_TRUE(stage.store->ready());
  disk.break_down(Call::write, Fault::full);
  ASSERT_FALSE(stage.store->append(stage.batch(1)));
  EXPECT_FALSE(stage.store->ready());
  disk.mend();
  EXPECT_TRUE(stage.store->ready());
  EXPECT_EQ(stage.store->last_error(), "");
  EXPECT_TRUE(stage.log.contains("writing works again"));
}

TEST_F(Faults, a_refusal_that_cannot_be_written_settles_nothing) {
  const Page page = *stage.store->read("a", {});
  const Quarantined refused{.reason = "422", .cloud = "a", .record = page.records[0]};
  const std::vector<Store::Settlement> settlements = {{page.positions[0], Settled::rejected}};
  disk.break_down(Call::sync, Fault::io_error);
  EXPECT_FALSE(stage.store->settle("a", settlements, {refused}));
  disk.mend();
  EXPECT_EQ(stage.cloud("a").rejected, 0u);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 0u);
  ASSERT_TRUE(stage.store->settle("a", settlements, {refused}));
  EXPECT_EQ(stage.cloud("a").rejected, 1u);
  EXPECT_EQ(stage.store->snapshot().quarantine_records, 1u);
}

TEST_F(Faults, a_drop_that_cannot_be_written_drops_nothing) {
  stage.options.limits.size_max = 1000;
  ASSERT_TRUE(stage.open_again());
  disk.break_down(Call::sync, Fault::io_error);
  EXPECT_FALSE(stage.store->append(stage.batch(4, 200)));
  disk.mend();
  EXPECT_EQ(stage.cloud("a").dropped_size, 0u);
  EXPECT_EQ(stage.store->read("a", {})->records.size(), 3u);
  ASSERT_TRUE(stage.store->append(stage.batch(4, 200)));
  EXPECT_EQ(stage.cloud("a").dropped_size, 2u);
}

TEST_F(Faults, a_commit_that_hangs_stops_neither_reading_nor_settling_nor_looking) {
  disk.break_down(Call::sync, Fault::hang);
  Result<> done;
  std::thread writer([&] { done = stage.store->append(stage.batch(5)); });
  ASSERT_TRUE(disk.wait_until_struck());
  const Page page = *stage.store->read("a", {});
  EXPECT_EQ(page.records.size(), 3u) << "what is not committed is not shown";
  EXPECT_TRUE(settle_all(*stage.store, "a", page));
  EXPECT_EQ(stage.cloud("a").delivered, 3u);
  EXPECT_EQ(stage.store->snapshot().stored, 3u);
  disk.mend();
  writer.join();
  ASSERT_TRUE(done);
  EXPECT_EQ(stage.cloud("a").delivered, 3u);
  EXPECT_EQ(stage.cloud("a").backlog_records, 5u);
}

TEST_F(Faults, opening_on_a_failing_disk_is_an_error) {
  stage.store.reset();
  disk.break_down(Call::write, Fault::io_error);
  const auto opened = stage.open();
  disk.mend();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::storage);
  EXPECT_TRUE(stage.open());
  EXPECT_EQ(stage.store->snapshot().stored, 3u);
}

}  // namespace
}  // namespace sluice::store
