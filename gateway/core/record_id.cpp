#include "gateway/core/record_id.h"

#include <algorithm>

#include <sys/random.h>

#include "gateway/core/assert.h"

namespace sluice {

namespace {

constexpr std::uint64_t low_mask = (std::uint64_t{1} << 62) - 1;

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  SLUICE_ASSERT(getrandom(&bits, sizeof bits, 0) == sizeof bits);
  return bits;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool dash_before(std::size_t byte) {
  return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

}  // namespace

Timestamp RecordId::time() const {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return Timestamp(Duration(ms));
}

void RecordId::append_to(std::string& out) const {
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (dash_before(i)) out += '-';
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
}

std::string RecordId::text() const {
  std::string out;
  out.reserve(36);
  append_to(out);
  return out;
}

std::optional<RecordId> RecordId::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  RecordId id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return id;
}

RecordIds::RecordIds(const Clock& clock) : clock_(clock) {}

RecordId RecordIds::next() {
  const std::lock_guard lock(mutex_);
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(0, clock_.wall_time().time_since_epoch().count()));
  if (now > last_ms_) {
    last_ms_ = now;
    // Half of each range is left free, so that counting up within a millisecond never overflows into a repeat.
    high_ = random_bits() & 0x7ff;
    low_ = random_bits() & (low_mask >> 1);
  } else {
    // The same millisecond, or a clock that went back: count on from the last id.
    low_ += 1 + (random_bits() & 0xffff);
    if (low_ > low_mask) {
      low_ &= low_mask;
      high_ += 1;
    }
  }
  RecordId id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | high_ >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(high_);
  for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(low_ >> (56 - 8 * i));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

}  // namespace sluice
