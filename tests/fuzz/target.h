#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::fuzz {

/// What reads text from outside, fed with any bytes: by libFuzzer, each in a program of its own (entry.cpp), and in
/// every run with the inputs in corpus/ and regressions/ (replay_test.cpp). `run` throws Broken where a promise does
/// not hold.
struct Target {
  Target(const char* target_name, void (*target_run)(std::string_view));
  const char* name;
  void (*run)(std::string_view input);
};

/// All that are linked into this program.
std::vector<const Target*>& targets();

/// Throws Broken unless it holds.
void require(bool holds, std::string_view promise, std::string_view shown = {});

/// Takes what stands before the first `end` off the front of `rest`, and `end` with it; all of it where there is none.
std::string_view take_until(std::string_view& rest, std::string_view end);

/// Which of `count` the first byte chooses; '0' is the first. Takes it off.
std::size_t take_choice(std::string_view& rest, std::size_t count);

}  // namespace sluice::fuzz
