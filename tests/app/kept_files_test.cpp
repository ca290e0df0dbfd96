#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gateway/app/api_token.h"
#include "gateway/app/kept_filters.h"
#include "tests/stage/temp_folder.h"

namespace sluice::app {
namespace {

using Filters = std::vector<std::string>;

TEST(ApiToken, IsMadeOnceAndOnlyItsOwnerMayReadIt) {
  const stage::TempFolder folder;
  EXPECT_FALSE(read_api_token(folder.path()));
  const auto token = kept_api_token(folder.path());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->size(), 64u);
  EXPECT_EQ(*kept_api_token(folder.path()), *token);
  EXPECT_EQ(*read_api_token(folder.path()), *token);
  struct stat file {};
  ASSERT_EQ(stat((folder / "api.token").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777u, 0600u);
}

TEST(ApiToken, AFolderThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(kept_api_token("/proc/nowhere").error().kind, ErrorKind::storage);
}

TEST(KeptFilters, RemembersEverythingThatWasEverSubscribed) {
  const stage::TempFolder folder;
  EXPECT_EQ(*keep_filters(folder.path(), {"a/#", "b"}), Filters{});
  EXPECT_EQ(*keep_filters(folder.path(), {"c"}), (Filters{"a/#", "b"}));
  EXPECT_EQ(*keep_filters(folder.path(), {"c"}), (Filters{"a/#", "b", "c"}));
}

TEST(KeptFilters, AFolderThatCannotBeWrittenIsAnError) {
  EXPECT_EQ(keep_filters("/proc/nowhere", {"a"}).error().kind, ErrorKind::storage);
}

}  // namespace
}  // namespace sluice::app
