#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// Table `quarantine`, with bounds of its own: the oldest go first; and `sent_again`, which says what of it waits for
/// its cloud once more. Its numbers stand in the books and move with it. Belongs to the writing connection, whose
/// transaction it writes in.
class Quarantine {
 public:
  static Result<Quarantine> prepare(const Database& database);

  /// `dated`: the clock can be trusted now.
  Result<> put(const Quarantined& entry, Timestamp now, bool dated, Totals& totals);
  /// Lets the oldest go until at most this many bytes are left. What was being sent again counts as dropped there.
  Result<> keep_within(std::int64_t bytes, Books& books);

  /// Whether the oldest entry was put here before `oldest`. One that is not dated is never too old, nor what is behind
  /// it.
  Result<bool> has_older(Timestamp oldest);
  /// Lets those go, at most `count_max` of them.
  Result<> drop_older(Timestamp oldest, int count_max, Books& books);

  struct Row {
    std::int64_t id = 0, size = 0;
    std::string cloud, reason, schema, field;
    bool sent_again = false;
    bool counted = false;  ///< in `rejected` of its cloud
  };
  Result<std::optional<Row>> find(std::int64_t id);
  Result<> erase(const Row& row, Totals& totals);
  /// It stays, for another reason.
  Result<> restate(const Row& row, const std::string& reason, const std::string& schema, const std::string& field,
                   Totals& totals);
  /// It waits for its cloud, or does so no more. `counted` as in Row.
  Result<> mark(const Row& row, bool sent_again, bool counted);
  /// The cloud is gone: nothing waits for it, and nothing is counted there.
  Result<> forget(std::string_view cloud);

 private:
  Result<> drop_oldest(std::uint64_t Account::*fate, Books& books);
  Statement put_, oldest_, erase_, find_, restate_, mark_, unmark_, count_, forget_, forget_counts_;
};

}  // namespace sluice::store
