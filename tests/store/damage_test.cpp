// Whatever becomes of the bytes: the store opens, loses nothing without saying so, executes nothing twice, and goes on.
#include <algorithm>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "gateway/store/database.h"
#include "tests/stage/experiment.h"
#include "tests/store/damaged.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t page_size = 4096;
constexpr std::size_t frame_size = page_size + 24;

/// What came of one damage, for the figures.
struct Outcome {
  std::uint64_t noticed = 0, saved = 0, lost = 0, anew = 0, altered = 0, forgotten = 0;
  Outcome& operator+=(const Outcome& other) {
    noticed += other.noticed, saved += other.saved, lost += other.lost;
    anew += other.anew, altered += other.altered, forgotten += other.forgotten;
    return *this;
  }
};

struct Expected {
  bool all_noticed = true;        ///< else the latest may be gone without a word: whole commits at the end of the log
  std::uint64_t altered_max = 0;  ///< records whose own text may have changed: nobody can tell
};

struct Damage : testing::Test {
  /// Opens these files, and checks everything that holds whatever was done to them.
  Outcome check(const Everything& truth, const Files& files, const Expected& expected = {});

  static const Everything& killed() {
    static const Everything made = make_everything(true);
    return made;
  }
  static const Everything& clean() {
    static const Everything made = make_everything(false);
    return made;
  }
};

const CloudCounts& counts_of(const Snapshot& shown, const std::string& cloud) {
  return *std::ranges::find(shown.clouds, cloud, &CloudCounts::name);
}

/// Where the records that wait for a cloud stand among all there have been; -1: their id was never given.
std::vector<std::int64_t> places(Store& store, const std::string& cloud, const std::vector<RecordId>& ids) {
  std::vector<std::int64_t> found;
  std::int64_t after = 0;
  for (;;) {
    const auto page = store.read(cloud, {.after = after});
    EXPECT_TRUE(page) << page.error().message;
    if (!page || page->records.empty()) return found;
    after = page->positions.back();
    for (const Record& record : page->records) {
      const auto at = std::ranges::find(ids, record.id);
      found.push_back(at == ids.end() ? -1 : at - ids.begin());
    }
  }
}

/// Each is known, and none would be sent again. Answers how many are not known any more.
std::uint64_t unknown_commands(Store& store, const std::set<std::string>& ids, bool salvaged) {
  std::uint64_t unknown = 0;
  const auto open = store.open_commands();
  EXPECT_TRUE(open);
  for (const KeptCommand& kept : *open)
    EXPECT_TRUE(!salvaged || kept.progress.state == CommandState::sent) << "would be sent: " << kept.command.id;
  for (const std::string& id : ids) {
    const auto known = store.find_command(id);
    EXPECT_TRUE(known);
    if (known && !*known) ++unknown;
  }
  return unknown;
}

void goes_on(Stage& stage) {
  const std::uint64_t stored = stage.store->snapshot().stored;
  const auto appended = stage.store->append(stage.batch(3));
  ASSERT_TRUE(appended) << appended.error().message;
  for (const char* cloud : {"ahead", "behind"}) {
    const auto page = stage.store->read(cloud, {.count_max = 20});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_TRUE(settle_all(*stage.store, cloud, *page));
  }
  ASSERT_TRUE(stage.store->step());
  ASSERT_EQ(stage.store->snapshot().stored, stored + 3);
  ASSERT_EQ(stage.store->damage(), "");
  const Snapshot before = stage.store->snapshot();
  const auto again = stage.open_again();
  ASSERT_TRUE(again) << again.error().message;
  const auto salvaged = stage.store->take_salvaged();
  ASSERT_FALSE(salvaged) << "the second opening is clean: " << salvaged->why;
  ASSERT_EQ(broken_equation(stage.store->snapshot()), "");
  for (const char* cloud : {"ahead", "behind"})
    ASSERT_EQ(counts_of(stage.store->snapshot(), cloud).backlog_records, counts_of(before, cloud).backlog_records);
}

Outcome Damage::check(const Everything& truth, const Files& files, const Expected& expected) {
  Outcome outcome;
  Stage stage(stage::memory_disk());
  put_files(files, stage);
  const auto opened = stage.open();
  EXPECT_TRUE(opened) << opened.error().message;
  if (!opened) return outcome;
  if (!stage.store->open_commands() || !stage.store->damage().empty()) {
    EXPECT_TRUE(stage.open_again());
  }
  const auto salvaged = stage.store->take_salvaged();
  outcome.noticed = salvaged ? 1 : 0;
  EXPECT_TRUE(stage.store->keep_clouds({"ahead", "behind"}));
  const Snapshot shown = stage.store->snapshot();
  EXPECT_EQ(broken_equation(shown), "");
  for (const char* cloud : {"ahead", "behind"}) {
    const CloudCounts &now = counts_of(shown, cloud), &then = counts_of(truth.shown, cloud);
    const std::vector<std::int64_t> there = places(*stage.store, cloud, truth.ids);
    outcome.altered += static_cast<std::uint64_t>(std::ranges::count(there, -1));
    auto ordered = there;
    std::erase(ordered, -1);
    EXPECT_TRUE(std::ranges::adjacent_find(ordered, std::ranges::greater_equal()) == ordered.end())
        << "order, or one of them twice";
    if (!salvaged && expected.all_noticed) {
      EXPECT_EQ(now.backlog_records, then.backlog_records) << "gone without a word";
    }
    if (!salvaged) continue;
    outcome.saved += now.backlog_records;
    outcome.lost += now.dropped_damage;
    if (salvaged->counters && expected.all_noticed) {
      EXPECT_EQ(now.stored, then.stored);
      EXPECT_GE(now.backlog_records + now.dropped_damage, then.backlog_records) << "lost and not counted";
    }
  }
  EXPECT_LE(outcome.altered, 2 * expected.altered_max);
  outcome.anew = salvaged && !salvaged->counters ? 1 : 0;
  outcome.forgotten = unknown_commands(*stage.store, truth.commands, salvaged.has_value());
  if (expected.all_noticed && (!salvaged || salvaged->inbox)) {
    EXPECT_EQ(outcome.forgotten, 0u) << "and told that none was";
  }
  if (salvaged && !salvaged->file.empty()) {
    EXPECT_EQ(aside(stage), std::vector{salvaged->file});
    for (const auto& [name, bytes] : files)
      if (!bytes.empty()) {
        const std::string ending = name.substr(std::string("sluice.db").size());
        EXPECT_TRUE(content_of(stage.options.data_dir / (salvaged->file + ending)) == bytes) << "kept as it was";
      }
  }
  goes_on(stage);
  return outcome;
}

void note(const char* experiment, unsigned seed, std::uint64_t damages, const Outcome& outcome) {
  stage::note_figures(experiment, "P1 P2 P6", seed,
                      {{"damages", damages},
                       {"noticed", outcome.noticed},
                       {"saved", outcome.saved},
                       {"lost and counted", outcome.lost},
                       {"counters anew", outcome.anew},
                       {"altered text", outcome.altered},
                       {"commands forgotten, told", outcome.forgotten}});
}

TEST_F(Damage, what_is_whole_is_left_alone) {
  EXPECT_EQ(check(clean(), clean().files).noticed, 0u);
  EXPECT_EQ(check(killed(), killed().files).noticed, 0u);
}

/// Every page of a file in turn, in each of three ways.
void each_page(const Everything& truth, std::mt19937& random,
               const std::function<void(const Files&, bool, int)>& check) {
  const std::size_t pages = truth.files.at("sluice.db").size() / page_size;
  for (std::size_t page = 0; page < pages; ++page) {
    SCOPED_TRACE("page " + std::to_string(page + 1));
    for (const int way : {0, 1, 2}) {
      Files files = truth.files;
      std::string& bytes = files.at("sluice.db");
      const std::size_t at = page * page_size;
      if (way == 0) bytes.replace(at, page_size, page_size, '\0');
      if (way == 1)
        for (std::size_t i = 0; i < page_size; ++i) bytes[at + i] = static_cast<char>(random());
      if (way == 2) bytes[at + random() % page_size] ^= static_cast<char>(1 << random() % 8);
      check(files, way == 2, way);
      if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return;
    }
  }
}

TEST_F(Damage, each_page_in_turn) {
  const unsigned seed = stage::experiment_seed();
  SCOPED_TRACE("again with SLUICE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  Outcome outcome;
  std::uint64_t damages = 0;
  for (const Everything* truth : {&clean(), &killed()})
    each_page(*truth, random, [&](const Files& files, bool flip, int way) {
      SCOPED_TRACE("way " + std::to_string(way));
      outcome += check(*truth, files, {.altered_max = flip ? 1u : 0u});
      ++damages;
    });
  EXPECT_EQ(outcome.forgotten, 0u) << "each id stands in two pages";
  note("each page of the database damaged", seed, damages, outcome);
}

TEST_F(Damage, with_counters_that_cannot_be_read_all_goes_up_again) {
  for (const Everything* truth : {&clean(), &killed()}) {
    Files files = truth->files;
    files.at("sluice.db").replace(2 * page_size, page_size, page_size, 'x');  // the root of the ledger
    if (truth == &killed()) files.erase("sluice.db-wal");
    const Outcome came = check(*truth, files, {.all_noticed = truth == &clean()});
    EXPECT_EQ(came.anew, 1u);
    EXPECT_GE(came.saved, 2 * counts_of(clean().shown, "behind").backlog_records - 2) << "to both clouds";
    EXPECT_EQ(came.lost, 0u);
  }
}

/// As pages that are not in use any more may hold them.
TEST_F(Damage, old_copies_of_rows_come_up_once) {
  Files files = clean().files;
  std::string& bytes = files.at("sluice.db");
  bytes += std::string(bytes);
  bytes[page_size] = 1;  // the root of the log
  const Outcome came = check(clean(), files);
  EXPECT_EQ(came.noticed, 1u);
  EXPECT_EQ(came.lost, 0u);
}

TEST_F(Damage, cut_off_at_each_page) {
  Outcome outcome;
  std::uint64_t damages = 0;
  for (const Everything* truth : {&clean(), &killed()}) {
    const std::size_t size = truth->files.at("sluice.db").size();
    for (std::size_t left = 0; left < size; left += page_size) {
      SCOPED_TRACE(std::to_string(left) + " of " + std::to_string(size) + " bytes left");
      Files files = truth->files;
      files.at("sluice.db").resize(left);
      const Outcome came = check(*truth, files);
      EXPECT_EQ(came.noticed, 1u);
      outcome += came;
      ++damages;
      if (HasFailure()) return;
    }
  }
  note("the database cut off at each page", 0, damages, outcome);
}

TEST_F(Damage, a_log_that_is_gone_or_of_another_database) {
  Outcome outcome;
  Files files = killed().files;
  files.erase("sluice.db-wal");
  // What stood in it alone is gone, and nobody can count it.
  const Outcome gone = check(killed(), files, {.all_noticed = false});
  EXPECT_EQ(gone.noticed, 1u);
  files = killed().files;
  files.at("sluice.db-wal").assign(5000, 'x');
  check(killed(), files, {.all_noticed = false});
  files.at("sluice.db-wal") = make_everything(true).files.at("sluice.db-wal");
  check(killed(), files, {.all_noticed = false, .altered_max = 1000});
}

/// Cut off anywhere the log tells of an earlier state; what is broken in the middle of it is noticed.
TEST_F(Damage, a_log_that_is_cut_off_or_broken_at_each_frame) {
  const std::size_t size = killed().files.at("sluice.db-wal").size();
  Outcome cut, broken;
  std::uint64_t damages = 0;
  for (std::size_t at = 32; at < size; at += frame_size) {
    SCOPED_TRACE("frame at " + std::to_string(at) + " of " + std::to_string(size));
    Files files = killed().files;
    files.at("sluice.db-wal").resize(at + damages % frame_size);
    cut += check(killed(), files, {.all_noticed = false});
    files = killed().files;
    files.at("sluice.db-wal")[at + 24 + damages % page_size] ^= 4;
    const bool in_last_commits = at + 12 * frame_size >= size;
    broken += check(killed(), files, {.all_noticed = !in_last_commits, .altered_max = 1});
    ++damages;
    if (HasFailure()) return;
  }
  EXPECT_GE(broken.noticed + 12, damages);
  EXPECT_EQ(cut.noticed, 0u) << "an earlier state is no damage";
  note("the log broken at each frame", 0, damages, broken);
}

TEST_F(Damage, what_is_no_database_at_all) {
  for (const std::string& bytes : {std::string(5000, 'x'), std::string("x"), std::string(100'000, '\0')}) {
    SCOPED_TRACE(std::to_string(bytes.size()) + " bytes");
    const Outcome came = check(clean(), {{"sluice.db", bytes}});
    EXPECT_EQ(came.noticed, 1u);
    EXPECT_EQ(came.anew, 1u);
    EXPECT_EQ(came.saved, 0u);
  }
  EXPECT_EQ(check(clean(), {{"sluice.db", ""}}).noticed, 1u) << "not set aside, but told";
}

TEST_F(Damage, numbers_that_are_not_true) {
  const char* damages[] = {
      "UPDATE ledger SET value = value + 1 WHERE entry = 'delivered'",
      "UPDATE ledger SET value = value + 1 WHERE entry = 'understood'",
      "UPDATE ledger SET value = value + 40 WHERE entry = 'cursor_seq' AND owner = 'behind'",
      "UPDATE ledger SET value = value + 1000000 WHERE entry IN ('tail_bytes', 'cursor_bytes')",
      "UPDATE ledger SET value = value + (1 << 40) WHERE entry = 'tail_seq'",
      "UPDATE ledger SET value = value - 3 WHERE entry = 'tail_seq'",
      "UPDATE ledger SET value = value + 100000000 WHERE entry = 'quarantine_bytes'",
      "REPLACE INTO ledger VALUES ('', 'pruned_seq', 7)",
      "DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)",
      "DELETE FROM log WHERE seq = (SELECT min(seq) FROM log)",
      "DROP TABLE receipts",
      "PRAGMA user_version = 3",
      "PRAGMA application_id = 1",
  };
  for (const char* damage : damages) {
    SCOPED_TRACE(damage);
    Stage changed;
    put_files(clean().files, changed);
    ASSERT_TRUE(Database::open(changed.file(), Database::Mode::write)->run(damage));
    const Outcome came = check(clean(), files_of(changed));
    EXPECT_EQ(came.noticed, 1u);
    EXPECT_GE(came.saved, counts_of(clean().shown, "behind").backlog_records - 3);
    EXPECT_EQ(came.forgotten, 0u);
  }
}

/// One row in the middle of a backlog, in a database that is too large to be looked over.
TEST_F(Damage, a_row_that_cannot_be_read_ends_the_run_and_costs_itself_alone) {
  Stage stage;
  put_files(clean().files, stage);
  ASSERT_TRUE(stage.open());
  const std::uint64_t waiting = stage.cloud("ahead").backlog_records;
  ASSERT_TRUE(Database::open(stage.file(), Database::Mode::write)
                  ->run("DELETE FROM log WHERE seq = (SELECT max(seq) - 3 FROM log)"));
  const auto page = stage.store->read("ahead", {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->records.size(), waiting - 4) << "up to the gap";
  ASSERT_TRUE(settle_all(*stage.store, "ahead", *page));
  EXPECT_FALSE(stage.store->read("ahead", {}));
  EXPECT_NE(stage.store->damage(), "");
  EXPECT_FALSE(stage.store->append(stage.batch(1))) << "nothing is acknowledged any more";
  ASSERT_TRUE(stage.open_again());
  const auto salvaged = stage.store->take_salvaged();
  ASSERT_TRUE(salvaged);
  EXPECT_TRUE(salvaged->counters);
  EXPECT_EQ(stage.cloud("ahead").dropped_damage, 1u);
  EXPECT_EQ(stage.cloud("behind").dropped_damage, 1u);
  EXPECT_EQ(broken_equation(stage.store->snapshot()), "");
  EXPECT_FALSE(stage.store->read("ahead", {})->records.empty());
}

TEST_F(Damage, random_bytes_anywhere) {
  const unsigned seed = stage::experiment_seed();
  SCOPED_TRACE("again with SLUICE_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  Outcome outcome;
  const int rounds = stage::rounds(60, 10'000);
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Everything& truth = random() % 2 == 0 ? clean() : killed();
    Files files = truth.files;
    const std::uint64_t flips = 1 + random() % 20;
    for (std::uint64_t i = 0; i < flips; ++i) {
      auto file = std::next(files.begin(), static_cast<std::ptrdiff_t>(random() % files.size()));
      const std::size_t at = random() % file->second.size();
      const std::size_t count = std::min<std::size_t>(file->second.size() - at, 1 + random() % 64);
      for (std::size_t k = 0; k < count; ++k) file->second[at + k] ^= static_cast<char>(random());
    }
    outcome += check(truth, files, {.all_noticed = false, .altered_max = flips});
  }
  note("random bytes of the database changed", seed, static_cast<std::uint64_t>(rounds), outcome);
}

}  // namespace
}  // namespace sluice::store
