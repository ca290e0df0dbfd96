#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace sluice::stage {

/// An experiment breaks the machine and counts what came of it. `./tests/run` runs each for seconds, `./tests/run
/// --long` for as long as its figures deserve.
bool long_run();
/// How often: `usual` in every run, `lengthy` in the long one.
int rounds(int usual, int lengthy);
/// SLUICE_SEED, or a new one. Every experiment that throws dice tells it when it fails.
unsigned experiment_seed();
/// Whether SLUICE_SEED asks for one seed alone.
bool one_seed();

struct Figure {
  const char* name;
  std::uint64_t value;
};
/// Writes a line down where SLUICE_RESULTS says, for the table that `./tests/run` ends with: which promises ("P1 P3"),
/// the seed (0: there are no dice in it), and what was counted.
void note_figures(const std::string& experiment, const std::string& promises, unsigned seed,
                  std::initializer_list<Figure> figures);

}  // namespace sluice::stage
