#pragma once

#include <cstdint>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// Rows that were written while the clock was not synced: records (see gateway/core/unsynced.h) and what went to
/// quarantine. A row that is mended loses its `boot_at` in the same transaction, so that none is mended twice. Belongs
/// to the writing connection.
class UnsyncedRows {
 public:
  static Result<UnsyncedRows> prepare(const Database& database);

  /// Rows after these are of this run of the machine, and are waited for.
  struct From {
    std::int64_t record = 0, quarantined = 0;
  };
  Result<bool> any(const From& from);

  /// Mends the oldest of them, so many that nobody waits long. `boot_at`: when the machine was started, by the clock
  /// that is synced now.
  Result<Store::Mended> mend(const From& from, Timestamp boot_at);

 private:
  Result<bool> mend_record(Timestamp boot_at, Store::Mended& mended, std::int64_t& bytes);
  Statement records_, mend_record_, quarantined_, mend_quarantined_;
};

}  // namespace sluice::store
