#pragma once

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// Table `quarantine`, with bounds of its own: the oldest go first. Its numbers stand in Totals and move with it.
/// Belongs to the writing connection, whose transaction it writes in.
class Quarantine {
 public:
  static Result<Quarantine> prepare(const Database& database);

  /// `dated`: the clock can be trusted now.
  Result<> put(const Quarantined& entry, Timestamp now, bool dated, Totals& totals);
  /// Lets the oldest go until at most this many bytes are left.
  Result<> keep_within(std::int64_t bytes, Totals& totals);

  /// Whether the oldest entry was put here before `oldest`. One that is not dated is never too old, nor what is behind
  /// it.
  Result<bool> has_older(Timestamp oldest);
  /// Lets those go, at most `count_max` of them.
  Result<> drop_older(Timestamp oldest, int count_max, Totals& totals);

 private:
  Result<> drop_oldest(Totals& totals);
  Statement put_, oldest_, erase_;
};

}  // namespace sluice::store
