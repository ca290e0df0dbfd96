#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::normalize {

/// The names an event has so far. Reused from event to event without allocating.
class NameSet {
 public:
  void clear();
  bool insert(std::string_view name);  ///< false: it is there already

 private:
  struct Entry {
    std::size_t hash;
    std::size_t begin, size;  ///< in texts_
  };
  bool is(const Entry& entry, std::size_t hash, std::string_view name) const;
  void grow();

  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> table_;  ///< entry + 1 by hash; empty while a linear search is quicker
};

}  // namespace sluice::normalize
