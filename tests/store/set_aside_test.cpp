// A damaged database leaves its place in steps, any of which may be the last one of a run.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/store/damaged.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t page_size = 4096;

TEST(SetAside, they_are_few) {
  const Everything made = make_everything(false);
  Stage stage;
  stage.options.durability = Durability::process_crash;
  for (int i = 0; i < 8; ++i) {
    Files files = made.files;
    files.at("sluice.db")[page_size] = 1;
    put_files(files, stage);
    ASSERT_TRUE(stage.open());
    const auto salvaged = stage.store->take_salvaged();
    ASSERT_TRUE(salvaged);
    EXPECT_EQ(aside(stage).front(), salvaged->file) << "the newest is kept";
    EXPECT_EQ(aside(stage).size(), static_cast<std::size_t>(std::min(i + 1, 3)));
    EXPECT_EQ(stage.log.contains("removed sluice.db.damaged-"), i >= 3);
    EXPECT_EQ(fs::status(stage.options.data_dir / salvaged->file).permissions() & fs::perms::all,
              fs::status(stage.file()).permissions() & fs::perms::all);
    stage.store.reset();
  }
}

/// Killed at any step of it, the next start goes on.
TEST(SetAside, a_salvage_that_was_interrupted_is_done_again) {
  const Everything made = make_everything(false);
  Files files = made.files;
  files.at("sluice.db")[page_size] = 1;
  const std::string name = "sluice.db.damaged-20260301T090000Z";
  const std::string mark = name + "\nit was damaged\n";
  const std::string half = make_everything(false).files.at("sluice.db").substr(0, 20'000);
  const Files interrupted[] = {
      {{"sluice.db", files.at("sluice.db")}, {"sluice.db.damage", mark}},
      {{name, files.at("sluice.db")}, {"sluice.db.damage", mark}},
      {{name, files.at("sluice.db")}, {"sluice.db", half}, {"sluice.db.damage", mark}},
      {{name, files.at("sluice.db")}, {"sluice.db", half}, {"sluice.db-wal", half}, {"sluice.db.damage", mark}},
  };
  for (const Files& left : interrupted) {
    Stage stage;
    put_files(left, stage);
    ASSERT_TRUE(stage.open());
    const auto salvaged = stage.store->take_salvaged();
    ASSERT_TRUE(salvaged);
    EXPECT_EQ(salvaged->file, name);
    EXPECT_TRUE(content_of(stage.options.data_dir / name) == files.at("sluice.db"));
    EXPECT_GE(salvaged->records + 30, made.shown.clouds.back().backlog_records);
    EXPECT_FALSE(fs::exists(stage.options.data_dir / "sluice.db.damage"));
    ASSERT_TRUE(stage.store->append(stage.batch(3)));
    ASSERT_TRUE(stage.open_again());
    EXPECT_FALSE(stage.store->take_salvaged());
  }
}

}  // namespace
}  // namespace sluice::store
