// kill -9 at random moments: whatever append() had returned for is there, in order, once.
#include <random>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stage/experiment.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

/// What the child tells, after the store has told it.
struct Told {
  std::uint64_t stored = 0;   ///< appended and durable
  std::uint64_t settled = 0;  ///< perhaps not yet durable
};

constexpr std::int64_t batch_max = 20;
constexpr std::size_t page_max = 30;

std::int64_t number_in(const Record& record) {
  return std::stoll(record.data.substr(record.data.find(':') + 1));
}

/// The life of the child: appends records that carry their own place, and settles, until it is killed.
[[noreturn]] void append_for_ever(Stage& stage, unsigned seed, int pipe) {
  if (!stage.open()) _exit(1);
  std::mt19937 random(seed);
  Told told{stage.store->snapshot().stored, stage.cloud("a").delivered};
  for (;;) {
    Batch batch;
    const std::int64_t count = std::uniform_int_distribution<std::int64_t>(1, batch_max)(random);
    for (std::int64_t i = 1; i <= count; ++i) {
      const auto place = static_cast<std::int64_t>(told.stored) + i;
      batch.records.push_back(stage.record(place, 100 + random() % 400));
      batch.receipts.push_back({static_cast<std::uint16_t>(place), static_cast<std::uint64_t>(place)});
    }
    batch.counts.received_qos1 = batch.counts.understood = batch.records.size();
    if (!stage.store->append(batch)) _exit(2);
    told.stored += batch.records.size();
    const Page page = *stage.store->read("a", {.count_max = random() % page_max});
    if (!settle_all(*stage.store, "a", page)) _exit(3);
    told.settled += page.records.size();
    if (write(pipe, &told, sizeof told) != sizeof told) _exit(4);
  }
}

/// Runs a child, kills it once it has told `reports` times, and returns what it told last.
Told run_and_kill(const Store::Options& options, unsigned seed, int reports) {
  Stage stage;  // the child's, made here: a child that is killed cleans nothing up
  stage.options = options;
  int ends[2];
  SLUICE_ASSERT(pipe(ends) == 0);
  const pid_t child = fork();
  SLUICE_ASSERT(child >= 0);
  if (child == 0) append_for_ever(stage, seed, ends[1]);
  close(ends[1]);
  Told last, told;
  int count = 0;
  // After the kill the pipe still holds what the child had told by then.
  while (read(ends[0], &told, sizeof told) == sizeof told) {
    last = told;
    if (++count == reports) kill(child, SIGKILL);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
  return last;
}

void check(Stage& stage, const Told& told) {
  ASSERT_TRUE(stage.open());
  const Snapshot shown = stage.store->snapshot();
  ASSERT_EQ(broken_equation(shown), "");
  ASSERT_GE(shown.stored, told.stored) << "what append had returned for is lost";
  ASSERT_LE(shown.stored, told.stored + batch_max);
  ASSERT_EQ(shown.messages.understood, shown.stored);
  const CloudCounts& cloud = shown.clouds.front();
  ASSERT_LE(cloud.delivered, told.settled + page_max);
  ASSERT_EQ(cloud.delivered + cloud.backlog_records, shown.stored);

  const auto page = stage.store->read("a", {.count_max = 1'000'000, .bytes_max = 1 << 30});
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->records.size(), cloud.backlog_records);
  for (std::size_t i = 0; i < page->records.size(); ++i) {
    ASSERT_EQ(page->positions[i], static_cast<std::int64_t>(cloud.delivered + i + 1));
    ASSERT_EQ(number_in(page->records[i]), page->positions[i]);
  }
  const std::vector<Receipt> known = *stage.store->receipts();
  for (const Receipt& receipt : known) {
    ASSERT_LE(receipt.digest, shown.stored);
    ASSERT_EQ(receipt.packet_id, static_cast<std::uint16_t>(receipt.digest));
  }
  stage.store.reset();
}

TEST(Kill, nothing_acknowledged_is_lost) {
  const unsigned seed = stage::experiment_seed();
  SCOPED_TRACE("again with SLUICE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  Stage stage;
  ASSERT_TRUE(stage.open());
  ASSERT_TRUE(stage.store->keep_clouds({"a"}));
  stage.store.reset();
  const int rounds = stage::rounds(25, 1000);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Told told = run_and_kill(stage.options, random(), static_cast<int>(1 + random() % 120));
    check(stage, told);
    if (HasFatalFailure()) return;
  }
  stage::note_figures("kill -9 of a process that appends", "P1 P3", seed,
                      {{"kills", static_cast<std::uint64_t>(rounds)}, {"lost", 0}});
}

}  // namespace
}  // namespace sluice::store
