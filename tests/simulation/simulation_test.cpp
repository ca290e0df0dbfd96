// The whole gateway beside a world that does its worst, from one seed: P1 to P7 hold after each move.
#include <chrono>
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/simulation/world.h"
#include "tests/stage/experiment.h"

namespace sluice::simulation {
namespace {

/// Most histories are short, so that there are many; some are long, so that much is waiting in them.
int moves_of(unsigned seed) {
  return seed % 8 == 0 ? 1000 : 250;
}

TEST(Simulation, EveryPromiseHoldsAfterEachMove) {
  const unsigned first = stage::experiment_seed();
  const int seeds = stage::one_seed() ? 1 : stage::rounds(120, 10'000);
  Figures all;
  for (int i = 0; i < seeds; ++i) {
    const unsigned seed = first + static_cast<unsigned>(i);
    World world(seed);
    world.play(moves_of(seed));
    all += world.figures();
    if (stage::one_seed() || !world.history().broken().empty()) std::puts(world.history().text().c_str());
    ASSERT_EQ(world.history().broken(), "") << "again with SLUICE_SEED=" << seed;
  }
  stage::note_figures("simulation", "P1 P2 P3 P4 P5 P6 P7", first,
                      {{"seeds", static_cast<std::uint64_t>(seeds)},
                       {"kills", all.kills},
                       {"full disks", all.full_disks},
                       {"fallen brokers", all.fallen_brokers},
                       {"lost sessions", all.lost_sessions},
                       {"reloads", all.reloads},
                       {"messages", all.taken},
                       {"redelivered", all.redelivered},
                       {"sent again", all.repeated},
                       {"dropped", all.dropped},
                       {"replayed", all.replayed},
                       {"commands", all.commands},
                       {"undecidable", all.undecidable}});
}

TEST(Simulation, ASeedThatIsPlayedTwiceSaysTheSameTwice) {
  for (const unsigned seed : {7U, stage::experiment_seed()}) {
    World once(seed), twice(seed);
    once.play(moves_of(seed));
    twice.play(moves_of(seed));
    EXPECT_EQ(once.history().digest(), twice.history().digest()) << "again with SLUICE_SEED=" << seed;
  }
}

}  // namespace
}  // namespace sluice::simulation
