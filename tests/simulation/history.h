#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/log.h"

namespace sluice::simulation {

/// One seed's dice, and what came of them in words: a seed that fails prints them, and a seed that is played twice must
/// say the same twice.
class History final : public Log {
 public:
  explicit History(unsigned seed) : random_(seed) {}

  int up_to(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  bool one_in(int chances) { return up_to(chances - 1) == 0; }
  template <class List>
  const auto& one_of(const List& list) {
    return list[static_cast<std::size_t>(up_to(static_cast<int>(list.size()) - 1))];
  }

  /// Neither ids nor addresses may stand in it: they are others each time.
  void note(std::string line) {
    for (const char c : line) digest_ = (digest_ ^ static_cast<std::uint8_t>(c)) * 1099511628211U;
    lines_.push_back(std::move(line));
  }
  std::uint64_t digest() const { return digest_; }

  /// A promise that does not hold; what comes after the first says nothing.
  void promise(bool holds, std::string_view which, const std::string& what) {
    if (holds || !broken_.empty()) return;
    broken_ = std::string(which) + ": " + what;
    lines_.push_back("BROKEN " + broken_);
  }
  const std::string& broken() const { return broken_; }

  /// What the program says stands between the moves, and does not count: there are ids in it.
  void write(LogLevel, std::string_view component, std::string_view text) override {
    lines_.push_back("      " + std::string(component) + ": " + std::string(text));
  }

  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += line + '\n';
    return all;
  }

 private:
  std::mt19937 random_;
  std::uint64_t digest_ = 14695981039346656037U;
  std::vector<std::string> lines_;
  std::string broken_;
};

}  // namespace sluice::simulation
