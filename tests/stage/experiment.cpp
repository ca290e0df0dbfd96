#include "tests/stage/experiment.h"

#include <cstdlib>
#include <random>

#include <fcntl.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::stage {

bool long_run() {
  return std::getenv("SLUICE_LONG") != nullptr;
}

int rounds(int usual, int lengthy) {
  return long_run() ? lengthy : usual;
}

bool one_seed() {
  return std::getenv("SLUICE_SEED") != nullptr;
}

unsigned experiment_seed() {
  return one_seed() ? static_cast<unsigned>(std::stoul(std::getenv("SLUICE_SEED"))) : std::random_device()();
}

void note_figures(const std::string& experiment, const std::string& promises, unsigned seed,
                  std::initializer_list<Figure> figures) {
  const char* file = std::getenv("SLUICE_RESULTS");
  if (file == nullptr) return;
  std::string line = R"({"experiment":")" + experiment + R"(","promises":")" + promises + R"(","seed":)" +
                     std::to_string(seed) + R"(,"figures":{)";
  const char* comma = "";
  for (const Figure& figure : figures) {
    line += comma + ("\"" + std::string(figure.name)) + "\":" + std::to_string(figure.value);
    comma = ",";
  }
  line += "}}\n";
  // One write at the end of the file: experiments run beside each other.
  const int out = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  SLUICE_ASSERT(out >= 0);
  SLUICE_ASSERT(write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  close(out);
}

}  // namespace sluice::stage
