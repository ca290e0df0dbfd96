// The power goes at every change that SQLite makes to the disk, and the disk keeps of what was not synced what it
// likes.
#include <algorithm>

#include <gtest/gtest.h>

#include "gateway/store/database.h"
#include "tests/faults/cuts.h"
#include "tests/faults/life.h"
#include "tests/stage/experiment.h"

namespace sluice::store {
namespace {

/// A life on a disk that puts down every change, and what was promised when.
class Recorded {
 public:
  explicit Recorded(const Files& files = {}, Promised sure = {}) : stage(stage::memory_disk()), life(stage) {
    stage.options.vfs = disk.name();
    lay_out(stage.options.data_dir, files);
    life.sure = std::move(sure);
    life.after_call = [this](bool) { marks_.push_back({changes.size(), life.sure}); };
    record();
  }
  ~Recorded() { stage.store.reset(); }

  /// What is done from here on is put down, and cut; the disk holds all that was done before.
  void record() {
    begin = files_in(stage.options.data_dir);
    begin.emplace("sluice.db", "");  // made by the store before SQLite sees it
    changes.clear();
    marks_ = {{0, life.sure}};
    disk.record(&changes);
  }
  bool changed(std::string_view file) const {
    return std::any_of(changes.begin(), changes.end(), [&](const DiskChange& each) { return each.file == file; });
  }

  /// The last mark that is behind the disk: what was promised by then. The next one may be on the disk already.
  std::size_t mark_at(std::size_t change) const {
    std::size_t i = marks_.size();
    while (i > 1 && marks_[i - 1].changes > change) --i;
    return i - 1;
  }
  const Promised& promised(std::size_t mark) const { return marks_[std::min(mark, marks_.size() - 1)].sure; }

  Files begin;
  std::vector<DiskChange> changes;
  FaultyDisk disk;
  Stage stage;
  Life life;

 private:
  struct Mark {
    std::size_t changes;
    Promised sure;
  };
  std::vector<Mark> marks_;
};

struct PowerCut : testing::Test {
  void TearDown() override {
    if (HasFailure()) std::cerr << "again with SLUICE_SEED=" << seed << "\n";
  }

  /// Cuts it everywhere. `back`: how many promises may be gone (of a disk that is not synced); `times`: how often dice
  /// are thrown.
  void cut_everywhere(const Recorded& recorded, std::size_t back = 0, int times = stage::rounds(1, 4));
  /// Opens what a cut has left, and answers what of the promises it holds.
  void check(const Recorded& recorded, const Cuts::Cut& cut, std::size_t back, Promised* found = nullptr);
  void expect_it_goes_on(Stage& after);
  void note(const char* what, const char* promises);

  const unsigned seed = stage::experiment_seed();
  std::mt19937 random{seed};
  std::uint64_t changes = 0, cuts = 0, states = 0;
};

/// Which promises the store holds: those made by then with what was under way, or without, or older ones.
const Promised* held(const Recorded& recorded, Store& store, std::size_t mark, std::size_t back) {
  if (recorded.promised(mark + 1).differs(store).empty()) return &recorded.promised(mark + 1);
  for (std::size_t gone = 0; gone <= std::min(back, mark); ++gone)
    if (recorded.promised(mark - gone).differs(store).empty()) return &recorded.promised(mark - gone);
  return nullptr;
}

void PowerCut::check(const Recorded& recorded, const Cuts::Cut& cut, std::size_t back, Promised* found) {
  SCOPED_TRACE("cut before change " + std::to_string(cut.at) + ", " + CutDisk::name_of(cut.way));
  Stage after(stage::memory_disk());
  after.options.durability = Durability::process_crash;
  after.options.limits = recorded.stage.options.limits;
  after.clock.advance(recorded.stage.clock.wall_time() - after.clock.wall_time());
  after.clock.set_boot(2);
  lay_out(after.options.data_dir, cut.files);
  const auto opened = after.open();
  ASSERT_TRUE(opened) << opened.error().message;
  for (const std::string& line : after.log.lines()) ASSERT_EQ(line.find("damaged"), std::string::npos) << line;
  const std::size_t mark = recorded.mark_at(cut.at);
  const Promised* holds = held(recorded, *after.store, mark, back);
  ASSERT_NE(holds, nullptr) << recorded.promised(mark).differs(*after.store)
                            << "; or: " << recorded.promised(mark + 1).differs(*after.store);
  if (found != nullptr) *found = *holds;
  expect_it_goes_on(after);
}

void PowerCut::expect_it_goes_on(Stage& after) {
  const std::uint64_t stored = after.store->snapshot().stored;
  ASSERT_TRUE(after.store->append(after.batch(2)));
  for (const CloudCounts& cloud : after.store->snapshot().clouds) {
    const auto page = after.store->read(cloud.name, {});
    ASSERT_TRUE(page) << page.error().message;
    ASSERT_TRUE(settle_all(*after.store, cloud.name, *page));
  }
  // Opening is what costs: in the usual run some alone are opened once more.
  if (states % static_cast<std::uint64_t>(stage::rounds(10, 1)) != 0) return;
  ASSERT_TRUE(after.open_again());
  ASSERT_EQ(after.store->snapshot().stored, stored + 2);
  ASSERT_EQ(broken_equation(after.store->snapshot()), "");
}

void PowerCut::cut_everywhere(const Recorded& recorded, std::size_t back, int times) {
  ASSERT_TRUE(recorded.life.failures.empty()) << recorded.life.failures.front().message;
  Cuts all(recorded.begin, recorded.changes, random());
  all.try_all(
      times, [&](std::size_t at) { return recorded.mark_at(at); },
      [&](const Cuts::Cut& cut) {
        ++states;
        check(recorded, cut, back);
        return !HasFatalFailure();
      });
  changes += recorded.changes.size();
  cuts += all.cuts();
}

void PowerCut::note(const char* what, const char* promises) {
  if (HasFailure()) return;
  stage::note_figures(
      what, promises, seed,
      {{"operations", changes}, {"cuts", cuts}, {"states of the disk", states}, {"lost", 0}, {"damaged", 0}});
}

TEST_F(PowerCut, in_the_life_of_a_store_loses_nothing_promised) {
  Recorded recorded;
  recorded.life.day(static_cast<std::size_t>(stage::rounds(260, 900)));
  EXPECT_GT(recorded.life.sure.clouds.at("a").dropped, 0u);
  EXPECT_GT(recorded.life.sure.clouds.at("b").replayed, 0u);
  recorded.life.next_day();
  cut_everywhere(recorded);
  note("power cut in the life of a store", "P1 P2 P3 P4 P6");
}

TEST_F(PowerCut, while_an_old_database_is_brought_up_loses_nothing) {
  Recorded old;
  ASSERT_TRUE(old.life.open() && old.life.keep_clouds({"a", "b"}) && old.life.append(old.life.messages(5, 1000)));
  old.life.deliver("a");
  old.life.close();
  ASSERT_TRUE(Database::open(old.stage.file(), Database::Mode::write)
                  ->run(std::string(undo_later_steps) + "PRAGMA user_version = 3"));
  Recorded recorded(files_in(old.stage.options.data_dir), old.life.sure);
  recorded.life.next_day();
  cut_everywhere(recorded);
  note("power cut while an old database is brought up", "P1 P2 P4");
}

// The log is copied back to the database when it is 1000 pages long, and begun anew.
TEST_F(PowerCut, while_the_log_is_copied_back_loses_nothing) {
  Recorded recorded;
  const std::filesystem::path log = recorded.stage.file().string() + "-wal";
  ASSERT_TRUE(recorded.life.open() && recorded.life.keep_clouds({"a", "b"}));
  while (std::filesystem::file_size(log) < 997 * 4120) ASSERT_TRUE(recorded.life.append(recorded.life.messages(1)));
  recorded.record();
  while (!recorded.changed("sluice.db")) ASSERT_TRUE(recorded.life.append(recorded.life.messages(1)));
  ASSERT_TRUE(recorded.life.append(recorded.life.messages(1)));
  // More than what is kept in memory until the commit.
  if (stage::long_run()) recorded.life.append(recorded.life.messages(4, 350'000));
  cut_everywhere(recorded, 0, 1);
  note("power cut while the log is copied back", "P1 P2 P4");
}

TEST_F(PowerCut, and_another_while_the_first_is_mended_loses_nothing) {
  Recorded first;
  first.life.day(0);
  for (int i = 0; i < stage::rounds(3, 40) && !HasFatalFailure(); ++i) {
    const std::size_t at = random() % first.changes.size();
    CutDisk disk(first.begin);
    for (std::size_t change = 0; change < at; ++change) disk.take(first.changes[change]);
    const auto way = CutDisk::ways[random() % std::size(CutDisk::ways)];
    const Cuts::Cut cut{at, way, disk.cut(way, random)};
    Promised sure;
    check(first, cut, 0, &sure);
    if (HasFatalFailure()) return;
    SCOPED_TRACE("first cut before change " + std::to_string(at) + ", " + CutDisk::name_of(way));
    Recorded second(cut.files, sure);
    second.life.open();
    second.life.append(second.life.messages(1));
    cut_everywhere(second);
  }
  note("a second power cut while the first is mended", "P1 P2 P3 P4 P6");
}

// What `process_crash` keeps through a power cut: the database opens, and holds what was promised up to some call.
TEST_F(PowerCut, without_durability_against_it_leaves_what_was_promised_up_to_some_call) {
  Recorded recorded;
  recorded.stage.options.durability = Durability::process_crash;
  ASSERT_TRUE(recorded.life.open() && recorded.life.keep_clouds({"a", "b"}));
  for (int i = 0; i < stage::rounds(1, 40); ++i) {
    recorded.life.append(recorded.life.messages(2, 2000));
    recorded.life.deliver("a");
  }
  recorded.life.close();
  recorded.life.next_day();
  cut_everywhere(recorded, recorded.changes.size());
  note("power cut with durability: process_crash", "P2 P4");
}

TEST_F(PowerCut, in_the_first_moment_leaves_a_folder_that_opens) {
  for (const Files& left : {Files{}, Files{{"lock", ""}}, Files{{"lock", "12\n"}, {"sluice.db", ""}}}) {
    Stage after(stage::memory_disk());
    lay_out(after.options.data_dir, left);
    ASSERT_TRUE(after.open());
    ASSERT_TRUE(after.store->append(after.batch(1)));
  }
}

}  // namespace
}  // namespace sluice::store
