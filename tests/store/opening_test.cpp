// What a store demands of its folder and its file before it touches them.
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/store/database.h"
#include "gateway/store/schema.h"
#include "tests/store/stage.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ostringstream out;
  out << std::ifstream(file, std::ios::binary).rdbuf();
  return out.str();
}

/// Every file of the folder and what is in it; without the lock, and without the index that readers share, which holds
/// nothing of its own.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name != "lock" && name != "sluice.db-shm") files[name] = content(entry.path());
  }
  return files;
}

unsigned mode_of(const fs::path& path) {
  struct stat about {};
  EXPECT_EQ(stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777;
}

struct Opening : testing::Test {
  std::string refusal(ErrorKind kind) {
    const auto opened = stage.open();
    if (opened) return "opened";
    EXPECT_EQ(opened.error().kind, kind) << opened.error().message;
    return opened.error().message;
  }
  Stage stage;
};

TEST_F(Opening, makes_the_folder_and_keeps_others_out) {
  stage.options.data_dir = stage.folder / "deep" / "er" / "data";
  const mode_t before = umask(0);
  const auto opened = stage.open();
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(stage.store->keep_clouds({"a"}));
  umask(before);
  EXPECT_EQ(mode_of(stage.options.data_dir), 0750u);
  for (const char* name : {"sluice.db", "sluice.db-wal", "sluice.db-shm", "lock"})
    EXPECT_EQ(mode_of(stage.options.data_dir / name), 0600u) << name;
}

TEST_F(Opening, takes_a_folder_with_a_slash_at_its_end_and_odd_names) {
  stage.options.data_dir = stage.folder / "a?b#c %20" / "";
  const auto opened = stage.open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(fs::exists(stage.folder / "a?b#c %20" / "sluice.db"));
  EXPECT_TRUE(stage.open_again());
}

TEST_F(Opening, a_second_instance_is_told_who_holds_the_folder) {
  ASSERT_TRUE(stage.open());
  Stage second;
  second.options = stage.options;
  const auto opened = second.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::config);
  EXPECT_NE(opened.error().message.find("process " + std::to_string(getpid()) + ")"), std::string::npos)
      << opened.error().message;
  EXPECT_NE(opened.error().message.find(stage.options.data_dir.string()), std::string::npos);
  stage.store.reset();
  EXPECT_TRUE(second.open()) << "the lock ends with its holder";
}

TEST_F(Opening, a_folder_that_cannot_be_made_is_a_clear_error) {
  std::ofstream(stage.folder / "file") << "in the way";
  stage.options.data_dir = stage.folder / "file" / "data";
  const std::string message = refusal(ErrorKind::config);
  EXPECT_NE(message.find("data_dir " + stage.options.data_dir.string()), std::string::npos) << message;
  EXPECT_NE(message.find("Not a directory"), std::string::npos) << message;
}

TEST_F(Opening, a_file_instead_of_the_folder_is_a_clear_error) {
  stage.options.data_dir = stage.folder / "file";
  std::ofstream(stage.options.data_dir) << "in the way";
  EXPECT_NE(refusal(ErrorKind::config).find("Not a directory"), std::string::npos);
}

TEST_F(Opening, a_folder_that_cannot_be_written_is_a_clear_error) {
  fs::create_directories(stage.options.data_dir / "lock");
  const std::string message = refusal(ErrorKind::config);
  EXPECT_NE(message.find("cannot be used"), std::string::npos) << message;
}

TEST_F(Opening, a_newer_database_is_refused_and_not_touched) {
  ASSERT_TRUE(stage.open());
  stage.store.reset();
  {
    auto database = Database::open(stage.file(), Database::Mode::write);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("PRAGMA user_version = 99"));
  }
  const auto before = contents(stage.options.data_dir);
  ASSERT_EQ(before.size(), 1u);
  const std::string message = refusal(ErrorKind::config);
  EXPECT_NE(message.find("newer version"), std::string::npos) << message;
  EXPECT_NE(message.find("99"), std::string::npos) << message;
  EXPECT_EQ(contents(stage.options.data_dir), before);
  EXPECT_FALSE(fs::exists(stage.file().string() + "-shm"));
}

TEST_F(Opening, a_newer_database_whose_log_waits_is_refused_and_not_touched) {
  Stage newer;
  ASSERT_TRUE(newer.open());
  auto database = Database::open(newer.file(), Database::Mode::write);
  ASSERT_TRUE(database);
  ASSERT_TRUE(database->run("PRAGMA user_version = 99"));
  copy_as_killed(newer, stage);
  const auto before = contents(stage.options.data_dir);
  ASSERT_EQ(before.size(), 2u);
  EXPECT_NE(refusal(ErrorKind::config).find("newer version"), std::string::npos);
  EXPECT_EQ(contents(stage.options.data_dir), before);
}

TEST_F(Opening, a_database_of_something_else_is_refused_and_not_touched) {
  fs::create_directories(stage.options.data_dir);
  std::ofstream(stage.file()).close();
  {
    auto database = Database::open(stage.file(), Database::Mode::write);
    ASSERT_TRUE(database->run("PRAGMA application_id = 7; CREATE TABLE other (x)"));
  }
  const auto before = contents(stage.options.data_dir);
  EXPECT_NE(refusal(ErrorKind::config).find("not a database of Sluice"), std::string::npos);
  EXPECT_EQ(contents(stage.options.data_dir), before);
}

TEST_F(Opening, a_folder_in_the_place_of_the_database_is_a_clear_error) {
  fs::create_directories(stage.file());
  EXPECT_NE(refusal(ErrorKind::config).find("is not a file"), std::string::npos);
}

TEST_F(Opening, counts_unclean_ends_until_messages_are_stored_again) {
  Stage first, second, third;
  ASSERT_TRUE(stage.open());
  EXPECT_EQ(stage.store->unclean_ends(), 0);
  copy_as_killed(stage, first);
  ASSERT_TRUE(first.open());
  EXPECT_EQ(first.store->unclean_ends(), 1);
  EXPECT_TRUE(first.log.contains("did not end cleanly"));
  copy_as_killed(first, second);
  ASSERT_TRUE(second.open());
  EXPECT_EQ(second.store->unclean_ends(), 2);
  ASSERT_TRUE(second.store->append({.quarantined = {{.reason = "no message"}}}));
  EXPECT_EQ(second.store->unclean_ends(), 2);
  ASSERT_TRUE(second.store->append({.counts = {.received_qos1 = 1, .ignored = 1}}));
  EXPECT_EQ(second.store->unclean_ends(), 0);
  copy_as_killed(second, third);
  ASSERT_TRUE(third.open());
  EXPECT_EQ(third.store->unclean_ends(), 1);
  ASSERT_TRUE(third.open_again());
  EXPECT_EQ(third.store->unclean_ends(), 0) << "that was a clean end";
}

struct Migration : testing::Test {
  void SetUp() override { std::ofstream(file).close(); }
  Result<> migrate_to(std::initializer_list<const char*> steps) {
    auto database = Database::open(file, Database::Mode::write);
    if (!database) return database.error();
    return migrate(*database, {steps.begin(), steps.size()});
  }
  std::int64_t number(const char* sql) { return *Database::open(file, Database::Mode::write)->number(sql); }

  stage::TempFolder folder;
  fs::path file = folder / "some.db";
};

TEST_F(Migration, takes_each_step_once) {
  ASSERT_TRUE(migrate_to({"CREATE TABLE a (x); INSERT INTO a VALUES (1)"}));
  ASSERT_TRUE(migrate_to({"CREATE TABLE a (x); INSERT INTO a VALUES (1)", "UPDATE a SET x = x + 1"}));
  ASSERT_TRUE(migrate_to({"CREATE TABLE a (x); INSERT INTO a VALUES (1)", "UPDATE a SET x = x + 1"}));
  EXPECT_EQ(number("SELECT x FROM a"), 2);
  EXPECT_EQ(number("PRAGMA user_version"), 2);
}

TEST_F(Migration, a_step_that_fails_leaves_the_version_before_it) {
  ASSERT_FALSE(migrate_to({"CREATE TABLE a (x)", "INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1)"}));
  EXPECT_EQ(number("PRAGMA user_version"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM a"), 0);
  ASSERT_TRUE(migrate_to({"CREATE TABLE a (x)", "INSERT INTO a VALUES (2)"}));
  EXPECT_EQ(number("SELECT x FROM a"), 2);
}

TEST_F(Migration, a_log_of_version_1_is_read_on) {
  const auto steps = schema_steps();
  ASSERT_TRUE(migrate_to({steps[0]}));
  ASSERT_TRUE(Database::open(file, Database::Mode::write)
                  ->run("INSERT INTO log VALUES (1, 70, zeroblob(16), 1, 1, 0, 'a/b', 'a/b', '{}')"));
  ASSERT_TRUE(migrate_to({steps[0], steps[1]}));
  EXPECT_EQ(number("SELECT count(*) FROM log WHERE payload IS NULL"), 1);
}

}  // namespace
}  // namespace sluice::store
