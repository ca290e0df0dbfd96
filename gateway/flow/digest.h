#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::flow {

/// SipHash-2-4 (Aumasson and Bernstein, 2012), 64 bits. Stable: its values are stored.
class Digest {
 public:
  Digest(std::uint64_t key0, std::uint64_t key1);
  Digest& add(std::string_view bytes);
  std::uint64_t finish();

 private:
  void compress(std::uint64_t word);
  void round();

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t tail_ = 0;  ///< bytes that do not fill a word yet
  std::uint64_t length_ = 0;
};

}  // namespace sluice::flow
