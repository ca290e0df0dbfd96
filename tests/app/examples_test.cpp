// Every configuration under deploy/examples is read as it stands, with the files it names made real.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> examples() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(SLUICE_SOURCE_DIR "/deploy/examples"))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class Example : public testing::TestWithParam<fs::path> {};

TEST_P(Example, is_read_without_complaint) {
  const stage::TempFolder folder;
  std::string text = text_of(GetParam());
  const std::string there = "/etc/sluice/";
  for (std::size_t at = text.find(there); at != std::string::npos; at = text.find(there, at + 1)) {
    const std::size_t end = text.find_first_of("} ,\n", at);
    write_file(folder / text.substr(at + there.size(), end - at - there.size()), "cGFzc3dvcmQ=\n");
    text.replace(at, there.size(), folder.path().string() + "/");
  }
  EXPECT_EQ(complaints(text), "");
  const auto config = read(text);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->warnings.text(), "");
  EXPECT_EQ(config->clouds.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Deploy, Example, testing::ValuesIn(examples()),
                         [](const auto& each) { return each.param.stem().string(); });

TEST(Examples, are_all_listed) {
  const std::string list = text_of(SLUICE_SOURCE_DIR "/deploy/examples/README.md");
  EXPECT_GE(examples().size(), 7u);
  for (const fs::path& file : examples())
    EXPECT_NE(list.find("(" + file.filename().string() + ")"), std::string::npos) << file;
}

}  // namespace
}  // namespace sluice::app
