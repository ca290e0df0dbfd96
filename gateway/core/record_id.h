#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice {

/// A UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then a counter and random bits. Given once, when the
/// gateway accepts the record; its time is the time of acceptance.
struct RecordId {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const RecordId&) const = default;
  Timestamp time() const;
  std::string text() const;  ///< 36 characters, lower case
  void append_to(std::string& out) const;
  static std::optional<RecordId> parse(std::string_view text);
};

/// Makes ids that never repeat and never go backwards within a process, whatever the clock does (RFC 9562 section 6.2,
/// method 2: the random part is counted up within a millisecond). Any thread.
class RecordIds {
 public:
  explicit RecordIds(const Clock& clock);
  RecordId next();

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t high_ = 0;  ///< 12 bits rand_a
  std::uint64_t low_ = 0;   ///< 62 bits rand_b
};

}  // namespace sluice
