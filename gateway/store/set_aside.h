#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"
#include "gateway/store/data_folder.h"

namespace sluice::store {

/// How a damaged database leaves its place: first a mark (`sluice.db.damage`) says so and under which name it goes,
/// then its files are renamed, then a new database is made and filled from them, and at last the mark goes. Killed in
/// between, the next start goes on; the old files get another name, and stay as they were (an empty one gets a page of
/// zeros, without which SQLite would throw its log away).
inline constexpr auto database_name = "sluice.db";
/// SQLite takes a file of one byte for an empty one, too.
inline constexpr std::uintmax_t empty_size_max = 1;

struct DamageMark {
  std::string file;  ///< where the damaged one goes: sluice.db.damaged-20261121T150000Z
  std::string why;   ///< what was found, one line
};

/// Durable on return. What is marked already stays as it is.
Result<> mark_damaged(const DataFolder& folder, const std::string& why, Timestamp now);
std::optional<DamageMark> damage_mark(const DataFolder& folder);

/// Renames the database and its log, unless that was done before; then removes what was begun in their place. Returns
/// false where there is nothing to rename: somebody has moved it away.
Result<bool> set_aside(const DataFolder& folder, const DamageMark& mark);

/// Keeps the newest three of those that were set aside, and of the older ones only what measures no more than
/// `bytes_max` together. Returns the names of those that were removed.
std::vector<std::string> remove_older(const DataFolder& folder, const DamageMark& newest, std::int64_t bytes_max);

Result<> remove_mark(const DataFolder& folder);

}  // namespace sluice::store
