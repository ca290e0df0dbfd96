#pragma once

#include <string>
#include <string_view>

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// The books as they stand in the file: table `ledger`, a row a number. Writes only what differs from what it wrote
/// last. Belongs to the writing connection, whose transaction it writes in.
class Ledger {
 public:
  static Result<Ledger> prepare(const Database& database);

  /// The books in the file; clouds in the order of their names.
  Result<Books> load();
  /// Writes the difference between `next` and `written`. Clouds that are in `written` alone are forgotten.
  Result<> save(const Books& next, const Books& written);

 private:
  Result<> save_quarantined(const Totals& next, const Totals& written);
  Result<> put(std::string_view owner, std::string_view entry, std::int64_t value);
  Statement all_, put_, forget_;
};

/// Whether books from a file can be true: the equations hold, and every cursor lies in the log.
bool plausible(const Books& books);
bool adds_up(const Account& cloud);
bool adds_up(const MessageCounts& messages);

}  // namespace sluice::store
