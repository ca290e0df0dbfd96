#pragma once

#include <array>
#include <cstdint>

namespace sluice::normalize {

/// A set of keys by their hashes, for a quick no: it may seem to include what it does not, never the reverse. Most of
/// what the schemas of a large family ask for is not in a given payload.
class KeySet {
 public:
  void add(std::uint32_t hash) {
    const std::uint32_t bit = (hash * 0x9e3779b1U) >> 24;
    words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  void clear() { words_ = {}; }

  bool includes(const KeySet& other) const {
    std::uint64_t missing = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) missing |= other.words_[i] & ~words_[i];
    return missing == 0;
  }

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace sluice::normalize
