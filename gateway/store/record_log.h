#pragma once

#include <cstdint>
#include <optional>

#include "gateway/core/record.h"
#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// Table `log` as the writing connection sees it. Every search goes by row number: nothing ever scans.
class RecordLog {
 public:
  static Result<RecordLog> prepare(const Database& database);

  /// `end` is the new record's own mark. `dated`: the clock could be trusted when it was accepted.
  Result<> append(const Record& record, Mark end, bool dated);

  /// The sum of sizes up to the record with this number, which must be there.
  Result<Mark> mark(std::int64_t seq);
  /// The first mark after `from` and up to `to` that has at least this many bytes before it; `to` if there is none.
  Result<Mark> reach(Mark from, Mark to, std::int64_t bytes);
  /// What to look for: records accepted before `oldest`. One from the future (later than `now`) ends the search, and
  /// one that is not dated is as old as the dated ones behind it say.
  struct Age {
    Timestamp oldest, now;
    std::int64_t count_max = 10'000;  ///< records to look at
  };
  /// The last mark after `from` and up to `to` with a record of that age; `from` if there is none. `undated` remembers
  /// from call to call up to where there is nothing but undated records, so that they are not walked again.
  Result<Mark> aged(const Age& age, Mark from, Mark to, std::int64_t& undated);

  Result<> erase(std::int64_t after, std::int64_t through);

  /// Number of the newest row, if there is any.
  Result<std::optional<std::int64_t>> newest();

 private:
  Statement append_, mark_, walk_, erase_, newest_;
};

/// The id as it stands in column `id`.
RecordId id_from(Bytes blob);

/// When the record of a row was accepted, by its columns `id` and `dated`.
Timestamp accepted_at(Bytes id, std::int64_t dated);

}  // namespace sluice::store
