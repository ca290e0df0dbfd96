#include <cstdint>

#include <time.h>

#include "tests/fuzz/target.h"

namespace {

/// CPU time, which other programs on the machine do not lengthen. A target's first input reads its schemas as well.
constexpr time_t one_input_max_s = 10;

timespec used() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time;
}

}  // namespace

/// What libFuzzer calls, with the one target of this program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const timespec before = used();
  sluice::fuzz::targets().at(0)->run({reinterpret_cast<const char*>(data), size});
  sluice::fuzz::require(used().tv_sec - before.tv_sec <= one_input_max_s, "no input takes long");
  return 0;
}
