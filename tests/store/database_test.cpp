#include "gateway/store/database.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/stage/temp_folder.h"

namespace sluice::store {
namespace {

struct DatabaseTest : testing::Test {
  void SetUp() override {
    std::ofstream(file).close();
    auto opened = Database::open(file, Database::Mode::write);
    ASSERT_TRUE(opened);
    database = std::move(*opened);
    ASSERT_TRUE(database.run("CREATE TABLE some (x UNIQUE)"));
  }
  stage::TempFolder folder;
  std::filesystem::path file = folder / "some.db";
  Database database;
};

TEST_F(DatabaseTest, a_transaction_that_is_not_committed_leaves_nothing_and_no_transaction) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction) << transaction.error().message;
    ASSERT_TRUE(database.run("INSERT INTO some VALUES (1)"));
    ASSERT_FALSE(database.run("INSERT INTO some VALUES (1)"));
  }
  EXPECT_EQ(*database.number("SELECT count(*) FROM some"), 0);
}

TEST_F(DatabaseTest, a_transaction_is_moved_as_one) {
  {
    auto transaction = Transaction::begin(database);
    ASSERT_TRUE(transaction);
    Transaction moved = std::move(*transaction);
    ASSERT_TRUE(database.run("INSERT INTO some VALUES (1)"));
    ASSERT_TRUE(moved.commit());
  }
  EXPECT_EQ(*database.number("SELECT count(*) FROM some"), 1);
}

TEST_F(DatabaseTest, what_is_bound_comes_back_and_empty_is_not_null) {
  Statement put, get;
  ASSERT_TRUE(database.prepare({{put, "INSERT INTO some VALUES (?)"}, {get, "SELECT x, typeof(x) FROM some"}}));
  const std::string_view with_zero("a\0b", 3);
  ASSERT_TRUE(put.bind(1, with_zero).run());
  ASSERT_TRUE(*get.next());
  EXPECT_EQ(get.text(0), with_zero);
  get.rewind();
  ASSERT_TRUE(database.run("DELETE FROM some"));
  ASSERT_TRUE(put.bind(1, std::string_view()).run());
  ASSERT_TRUE(put.bind(1, Bytes()).run());
  ASSERT_TRUE(*get.next());
  EXPECT_EQ(get.text(1), "text");
  ASSERT_TRUE(*get.next());
  EXPECT_EQ(get.text(1), "blob");
  EXPECT_FALSE(*get.next());
}

TEST_F(DatabaseTest, an_error_names_the_file_and_the_statement_can_run_again) {
  Statement put;
  ASSERT_TRUE(database.prepare({{put, "INSERT INTO some VALUES (?)"}}));
  ASSERT_TRUE(put.bind(1, 5).run());
  const auto again = put.bind(1, 5).run();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::damaged);
  EXPECT_NE(again.error().message.find(file.string()), std::string::npos) << again.error().message;
  EXPECT_NE(again.error().message.find("UNIQUE"), std::string::npos) << again.error().message;
  EXPECT_TRUE(put.bind(1, 6).run());
}

TEST_F(DatabaseTest, a_file_that_is_not_there_is_an_error) {
  const auto opened = Database::open(folder / "nowhere.db", Database::Mode::write);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::storage);
}

}  // namespace
}  // namespace sluice::store
