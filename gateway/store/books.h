#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/store/store.h"

namespace sluice::store {

/// A place in the log: behind the record with this number. `bytes` is the sum of the sizes of all records up to there
/// since the database began, so that what lies between two marks is a subtraction.
struct Mark {
  std::int64_t seq = 0;
  std::int64_t bytes = 0;
  bool operator==(const Mark&) const = default;
};

/// The gateway's own numbers.
struct Totals {
  MessageCounts messages;
  std::vector<std::pair<std::string, std::uint64_t>> quarantined_by_schema;  ///< messages
  Mark tail;    ///< the newest record; stays when all are gone
  Mark pruned;  ///< up to here the rows are gone
  std::uint64_t quarantine_records = 0, quarantine_dropped = 0;
  std::int64_t quarantine_bytes = 0;  ///< with what is being sent again
  std::uint64_t quarantine_discarded = 0;
  std::uint64_t replayed_understood = 0, replayed_ignored = 0;  ///< messages
  std::int64_t quarantine_last = 0;                             ///< the newest id: never given again
  std::int64_t receipts_last = 0;                               ///< QoS 1 messages so far
  std::int64_t running = 0;                                     ///< 1 from open to a clean close
  std::int64_t unclean_ends = 0;                                ///< in a row, without a message stored between them
  std::int64_t probes = 0;                                      ///< something to write, to see whether writing works
  CommandCounts commands;
  std::int64_t boot = 0;             ///< Clock::boot() of the run of the machine in which the file was written last
  std::int64_t boot_seq = 0;         ///< the tail when that run was first seen,
  std::int64_t boot_quarantine = 0;  ///< and quarantine_last
  std::int64_t accounts_lost =
      0;  ///< 1: which clouds there were is not known; all that is kept waits for the next ones
};

/// One cloud's numbers. Between `begin` and the cursor every record is in one of the six fates, or is sent again.
struct Account {
  std::string name;
  std::int64_t begin = 0;
  Mark cursor;
  std::uint64_t delivered = 0, rejected = 0, skipped = 0, dropped_size = 0, dropped_age = 0, dropped_damage = 0;

  /// Refused ones that are sent again: how many wait, what they measure, and how many there have been.
  std::uint64_t again = 0;
  std::int64_t again_bytes = 0;
  std::uint64_t replayed = 0;
  /// Of those, what had been refused by an earlier cloud of this name, so that no fate of this one counted it.
  std::uint64_t readmitted = 0;

  std::uint64_t stored(Mark tail) const { return static_cast<std::uint64_t>(tail.seq - begin) + readmitted; }
  std::uint64_t fates() const { return delivered + rejected + skipped + dropped_size + dropped_age + dropped_damage; }
  bool operator==(const Account&) const = default;
};

/// All numbers of the store: what memory shows, what the next commit will write, what the last one wrote.
struct Books {
  Totals totals;
  std::vector<Account> clouds;

  /// What every cloud has settled; the tail if there is no cloud.
  Mark settled_by_all() const {
    if (totals.accounts_lost != 0) return totals.pruned;
    Mark least = totals.tail;
    for (const Account& cloud : clouds)
      if (cloud.cursor.seq < least.seq) least = cloud.cursor;
    return least;
  }
  std::int64_t outbox_bytes() const { return totals.tail.bytes - settled_by_all().bytes; }

  Account* find(std::string_view name) {
    const auto found =
        std::find_if(clouds.begin(), clouds.end(), [&](const Account& each) { return each.name == name; });
    return found != clouds.end() ? &*found : nullptr;
  }
  const Account* find(std::string_view name) const { return const_cast<Books*>(this)->find(name); }
};

}  // namespace sluice::store
