#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/fuzz/target.h"
#include "tests/stage/experiment.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (fs::is_directory(folder))
    for (const auto& file : fs::directory_iterator(folder)) files.push_back(file.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Replay : public testing::TestWithParam<const Target*> {};

TEST_P(Replay, every_input_of_the_corpus_and_every_one_that_once_broke_it) {
  const Target& target = *GetParam();
  std::uint64_t inputs = 0;
  for (const char* kind : {"corpus", "regressions"}) {
    for (const fs::path& file : files_in(fs::path(SLUICE_SOURCE_DIR "/tests/fuzz") / kind / target.name)) {
      const testing::ScopedTrace trace(__FILE__, __LINE__, file.string());
      EXPECT_NO_THROW(target.run(bytes_of(file)));
      ++inputs;
    }
  }
  EXPECT_GT(inputs, 0u) << "no corpus for " << target.name;
  stage::note_figures(std::string("fuzz corpus ") + target.name, "P5 P7", 0, {{"inputs", inputs}});
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Replay, testing::ValuesIn(targets()),
                         [](const auto& target) { return std::string(target.param->name); });

}  // namespace
}  // namespace sluice::fuzz
