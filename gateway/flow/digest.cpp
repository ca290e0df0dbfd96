#include "gateway/flow/digest.h"

#include <bit>
#include <cstring>

namespace sluice::flow {

static_assert(std::endian::native == std::endian::little, "Digest reads words as they lie in memory");

Digest::Digest(std::uint64_t key0, std::uint64_t key1)
    : v0_(key0 ^ 0x736f6d6570736575),
      v1_(key1 ^ 0x646f72616e646f6d),
      v2_(key0 ^ 0x6c7967656e657261),
      v3_(key1 ^ 0x7465646279746573) {}

void Digest::round() {
  v0_ += v1_;
  v1_ = std::rotl(v1_, 13) ^ v0_;
  v0_ = std::rotl(v0_, 32);
  v2_ += v3_;
  v3_ = std::rotl(v3_, 16) ^ v2_;
  v0_ += v3_;
  v3_ = std::rotl(v3_, 21) ^ v0_;
  v2_ += v1_;
  v1_ = std::rotl(v1_, 17) ^ v2_;
  v2_ = std::rotl(v2_, 32);
}

void Digest::compress(std::uint64_t word) {
  v3_ ^= word;
  round();
  round();
  v0_ ^= word;
}

Digest& Digest::add(std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  // Fill the word that the last call left open, then go word by word.
  while (left > 0 && (length_ & 7) != 0) {
    tail_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(*at++)) << 8 * (length_++ & 7);
    --left;
    if ((length_ & 7) == 0) {
      compress(tail_);
      tail_ = 0;
    }
  }
  for (; left >= 8; left -= 8, at += 8, length_ += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    compress(word);
  }
  for (; left > 0; --left) tail_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(*at++)) << 8 * (length_++ & 7);
  return *this;
}

std::uint64_t Digest::finish() {
  compress(length_ << 56 | tail_);
  v2_ ^= 0xff;
  for (int i = 0; i < 4; ++i) round();
  return v0_ ^ v1_ ^ v2_ ^ v3_;
}

}  // namespace sluice::flow
