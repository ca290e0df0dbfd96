#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/normalize/json_tape.h"

namespace sluice::normalize {

/// Finds members by names that the message itself brings, in whatever number: JsonTape::find walks over a container's
/// members at each call, this sorts those of a wide one once. For one tape at a time; one thread.
class JsonIndex {
 public:
  /// The tape has a new text.
  void forget() {
    if (!members_.empty()) members_.clear();
  }

  /// As JsonTape::find.
  std::uint32_t find(const JsonTape& tape, std::uint32_t container, std::string_view key);

 private:
  using Members = std::vector<std::uint32_t>;
  const Members& members_of(const JsonTape& tape, std::uint32_t container);

  std::unordered_map<std::uint32_t, Members> members_;  ///< of objects by name, of arrays in order
};

}  // namespace sluice::normalize
