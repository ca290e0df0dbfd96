#pragma once

#include <filesystem>

#include "gateway/core/result.h"
#include "gateway/store/set_aside.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// Fills the new database `to`, an empty file, with what can be read of the damaged one `from`. Never fails over what
/// stands in that, whatever the bytes: time and memory are bounded, and nothing of it is run. Errors: the disk of the
/// new one.
///
/// - Records that a cloud waits for are looked for in every page (LogRemains), and keep ids and order. They move
///   together at the end of the log; what is missing counts as dropped at the clouds that waited for it.
/// - Counters and cursors are those of the database, if they add up; or as it was before its log; or they begin anew.
///   A cloud's alone begin anew where only those do not add up. In doubt a record is kept: it is delivered again under
///   its id.
/// - Commands are never executed after it: what had not ended ends as unanswered. So that repeats are known, their ids
///   are looked for in every page, and in the index of the ids, which holds each a second time.
/// - Quarantine, answers that are owed, settings and devices are read row by row, round what cannot be read.
/// - Which QoS 1 messages are stored is forgotten: in doubt they are stored again.
Result<Store::Salvaged> salvage(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace sluice::store
