#include "gateway/app/paths.h"

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

TEST(Paths, installed_program_finds_its_schemas_beside_itself) {
  const stage::TempFolder prefix;
  std::filesystem::create_directories(prefix / "share/sluice/schemas");
  EXPECT_EQ(shipped_schemas_of(prefix / "bin/sluice"), prefix / "share/sluice/schemas");
}

TEST(Paths, program_in_a_build_folder_takes_those_of_its_sources) {
  const stage::TempFolder build;
  EXPECT_EQ(shipped_schemas_of(build / "bin/sluice"), SLUICE_SOURCE_DIR "/schemas");
  EXPECT_EQ(shipped_schemas(), SLUICE_SOURCE_DIR "/schemas");
}

TEST(Paths, environment_comes_first) {
  const Variable set("SLUICE_SCHEMAS", "/somewhere/else");
  EXPECT_EQ(shipped_schemas(), "/somewhere/else");
}

TEST(Paths, empty_environment_counts_as_none) {
  const Variable set("SLUICE_SCHEMAS", "");
  EXPECT_EQ(shipped_schemas(), SLUICE_SOURCE_DIR "/schemas");
}

}  // namespace
}  // namespace sluice::app
