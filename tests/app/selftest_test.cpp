#include <gtest/gtest.h>

#include "gateway/app/commit_figures.h"
#include "gateway/app/scratch_folder.h"
#include "gateway/app/trial.h"
#include "gateway/app/trial_cloud.h"
#include "tests/stage/temp_folder.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

/// As the gateway sends it; `id` is the last digit of its id.
std::string event(std::uint64_t number, char id, std::uint64_t device) {
  return R"({"id":"0199f3c2-0000-7000-8000-00000000000)" + std::string(1, id) + R"(","subject":"selftest/d)" +
         std::to_string(device) + R"(","data":{"readings":{"number":{"value":)" + std::to_string(number) + "}}}}\n";
}

Trial::Options small_trial(const fs::path& folder) {
  Trial::Options options;
  options.folder = folder;
  options.messages = Trial::messages_min;
  options.all = true;
  return options;
}

TEST(TrialCloud, CountsWhatIsMissing) {
  TrialCloud cloud;
  cloud.take(event(1, 'a', 1) + event(3, 'c', 3));
  EXPECT_EQ(cloud.delivered(), 2u);
  EXPECT_EQ(cloud.missing(3), 1u);
  EXPECT_EQ(cloud.missing(5), 3u);
}

TEST(TrialCloud, ARepeatUnderTheSameIdIsNoSecondMessage) {
  TrialCloud cloud;
  cloud.take(event(1, 'a', 1) + event(11, 'b', 1) + event(1, 'a', 1) + event(11, 'b', 1));
  EXPECT_EQ(cloud.delivered(), 2u);
  EXPECT_EQ(cloud.repeated(), 2u);
  EXPECT_EQ(cloud.two_ids() + cloud.order_broken() + cloud.garbled(), 0u);
}

TEST(TrialCloud, AMessageUnderTwoIdsIsSeenAndSoAreTwoUnderOne) {
  TrialCloud cloud;
  cloud.take(event(1, 'a', 1) + event(1, 'b', 1));
  EXPECT_EQ(cloud.two_ids(), 1u);
  cloud.take(event(2, 'a', 2));
  EXPECT_EQ(cloud.two_ids(), 2u);
}

TEST(TrialCloud, OrderIsThatOfADevice) {
  TrialCloud cloud;
  cloud.take(event(12, 'a', 2) + event(1, 'b', 1));
  EXPECT_EQ(cloud.order_broken(), 0u);
  cloud.take(event(2, 'c', 2));
  EXPECT_EQ(cloud.order_broken(), 1u);
}

TEST(TrialCloud, WhatNoDeviceSaidIsGarbled) {
  TrialCloud cloud;
  cloud.take("nonsense\n{}\n" + event(1, 'a', 2) + event(0, 'b', 0) + event(99'999'999'999, 'c', 9));
  EXPECT_EQ(cloud.garbled(), 5u);
  EXPECT_EQ(cloud.delivered(), 0u);
}

TEST(CommitFigures, AreTheShareAndTheRate) {
  CommitFigures figures;
  for (int i = 1; i <= 100; ++i) figures.add(10, i * 1000, 20);
  EXPECT_EQ(figures.within_ms(0.5), 50);
  EXPECT_EQ(figures.within_ms(0.99), 99);
  EXPECT_DOUBLE_EQ(figures.messages_per_s(), 1000 / 5.05);
  EXPECT_EQ(figures.bytes_per_message(), 2);
  figures.add(1, 1, std::nullopt);
  EXPECT_EQ(figures.bytes_per_message(), std::nullopt);
}

TEST(ScratchFolder, IsGoneAtTheEndWithAllThatIsInIt) {
  const stage::TempFolder place;
  fs::path path;
  {
    const auto scratch = ScratchFolder::make(place.path(), 1);
    ASSERT_TRUE(scratch);
    path = scratch->path();
    EXPECT_EQ(path.parent_path(), place.path());
    fs::create_directories(path / "a" / "b");
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(ScratchFolder, WithoutRoomThereIsNoneAndNothingIsLeft) {
  const stage::TempFolder place;
  const auto scratch = ScratchFolder::make(place.path(), std::uint64_t{1} << 62);
  ASSERT_FALSE(scratch);
  EXPECT_EQ(scratch.error().kind, ErrorKind::storage);
  EXPECT_NE(scratch.error().message.find("not enough room"), std::string::npos) << scratch.error().message;
  EXPECT_TRUE(fs::is_empty(place.path()));
}

TEST(Trial, AGatewayThatKeepsItsPromisesHolds) {
  const stage::TempFolder folder;
  const auto report = Trial(small_trial(folder.path())).run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->held());
  EXPECT_EQ(report->sent, Trial::messages_min);
  EXPECT_EQ(report->single.messages() + report->grouped.messages(), Trial::messages_min);
  EXPECT_EQ(report->crashes, 5u);
  EXPECT_GE(report->repeated, 1u);
  EXPECT_GE(report->backlog_max, Trial::group);
}

TEST(Trial, SeesThatADiskForgets) {
  const stage::TempFolder folder;
  Trial::Options options = small_trial(folder.path());
  options.while_down = [&] {
    for (const char* name : {"sluice.db", "sluice.db-wal", "sluice.db-shm"}) fs::remove(folder / name);
  };
  const auto report = Trial(std::move(options)).run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->held());
  EXPECT_GE(report->lost, Trial::group);
  EXPECT_EQ(report->delivered + report->lost, report->acknowledged);
}

TEST(Trial, SeesThatADiskGoesBackToAnOlderState) {
  const stage::TempFolder folder;
  const stage::TempFolder older;
  Trial::Options options = small_trial(folder.path());
  bool first = true;
  options.while_down = [&] {
    for (const char* name : {"sluice.db", "sluice.db-wal"}) {
      const auto [from, to] = first ? std::pair(folder / name, older / name) : std::pair(older / name, folder / name);
      fs::copy_file(from, to, fs::copy_options::overwrite_existing);
    }
    fs::remove(folder / "sluice.db-shm");
    first = false;
  };
  const auto report = Trial(std::move(options)).run();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GE(report->lost, Trial::group);
}

TEST(Trial, AFolderThatIsNotThereIsAnErrorOfTheDisk) {
  const auto report = Trial(small_trial("/proc/nowhere")).run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::storage);
}

}  // namespace
}  // namespace sluice::app
