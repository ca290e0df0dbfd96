#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/faulty_disk.h"

namespace sluice::store {

/// A folder: what each file in it holds, by its name.
using Files = std::map<std::string, std::string>;

/// What a disk may hold after its power was cut. What was synced is there; of the changes after that each way keeps
/// something else. A sync of a file makes its name durable too, as SQLite's own VFS does for the files it makes. What
/// it maps into memory (-shm) is never there.
class CutDisk {
 public:
  enum class Way {
    lost,         ///< nothing that was not synced
    kept,         ///< all of it
    up_to,        ///< all up to one change, nothing after it
    torn_sector,  ///< all, but of the last write some sectors only
    torn_byte,    ///< all, but of the last write an odd number of bytes only
    last_alone,   ///< the last change, none of those before it
    hole,         ///< all but one
    some,         ///< each by chance: kept, lost, torn, or its room without its bytes
    room,         ///< files are as long as they were, but what was written there is zeros
  };
  static constexpr Way ways[] = {Way::lost,       Way::kept, Way::up_to, Way::torn_sector, Way::torn_byte,
                                 Way::last_alone, Way::hole, Way::some,  Way::room};
  static const char* name_of(Way way);

  /// A folder whose files are all durable.
  explicit CutDisk(Files durable);

  /// The change outlives this.
  void take(const DiskChange& change);
  /// How many changes are not synced.
  std::size_t waiting() const;
  Files cut(Way way, std::mt19937& random) const;

 private:
  enum class Fate { kept, lost, room, torn_sector, torn_byte };
  struct Content {
    std::string durable;
    std::vector<const DiskChange*> waiting;
  };
  struct Name {
    std::string name;
    std::optional<std::size_t> content;  ///< nothing: removed
  };
  using Names = std::map<std::string, std::size_t>;  ///< to indexes of contents_

  std::string content_after(const Content& content, Way way, std::mt19937& random) const;
  /// With the first `count` of the changes that are not durable.
  Names names_after(std::size_t count) const;
  void settle_names(std::size_t count);

  std::vector<Content> contents_;
  Names now_, durable_;
  std::vector<Name> names_;  ///< changes to `durable_` that are not durable
};

}  // namespace sluice::store
