#include "gateway/store/old_tables.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/store/ledger.h"

namespace sluice::store {

namespace {

constexpr std::size_t filling_rows_max = 5000;
constexpr std::size_t filling_bytes_max = 4 << 20;
constexpr int breaks_max = 2000;  ///< in one table
constexpr std::int64_t last_key = std::numeric_limits<std::int64_t>::max();

enum class Reading { row, end, broken };

Reading next_of(Statement& statement) {
  const Result<bool> row = statement.next();
  return !row ? Reading::broken : *row ? Reading::row : Reading::end;
}

/// The first key from which on rows can be read again, when they cannot be from `key` on.
std::int64_t behind_break(Statement& rows, std::int64_t key) {
  const auto readable = [&](std::int64_t from) {
    const Rewind at_end(rows);
    return next_of(rows.bind(1, from)) != Reading::broken;
  };
  std::int64_t broken = key, sound = last_key;
  for (std::int64_t step = 1; step < last_key / 2 && key < last_key - step; step *= 2) {
    if (readable(key + step)) {
      sound = key + step;
      break;
    }
    broken = key + step;
  }
  while (sound - broken > 1) {
    const std::int64_t middle = broken + (sound - broken) / 2;
    (readable(middle) ? sound : broken) = middle;
  }
  return sound;
}

}  // namespace

Result<> Filling::begin() {
  Result<Transaction> transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  transaction_.emplace(std::move(*transaction));
  return {};
}

Result<> Filling::step(std::size_t bytes) {
  bytes_ += bytes;
  if (++rows_ < filling_rows_max && bytes_ < filling_bytes_max) return {};
  if (auto done = end(); !done) return done;
  return begin();
}

Result<> Filling::end() {
  rows_ = bytes_ = 0;
  const Result<> done = transaction_->commit();
  transaction_.reset();
  return done;
}

OldTables::OldTables(const std::filesystem::path& file) {
  for (const Database::Mode mode : {Database::Mode::salvage, Database::Mode::salvage_without_log})
    if (Result<Database> view = Database::open(file, mode)) views_.push_back(std::move(*view));
}

std::optional<Books> OldTables::books() {
  std::optional<Books> found;
  for (const Database& view : views_) {
    Result<Ledger> ledger = Ledger::prepare(view);
    if (!ledger) continue;
    Result<Books> books = ledger->load();
    if (!books || (books->totals.tail.seq == 0 && books->clouds.empty())) continue;
    if (plausible(*books)) return std::move(*books);
    if (!found) found = std::move(*books);
  }
  return found;
}

/// Of one table into another: so many columns; in the old one the key stands behind all of its own.
struct OldTables::Copy {
  Statement& put;
  Filling& filling;
  int columns, key_column;

  Result<> row(const Statement& from) {
    for (int column = 0; column < columns; ++column) put.bind(column + 1, from, column);
    // A row that the new table does not take is not a row of it.
    if (auto done = put.run(); !done && done.error().kind != ErrorKind::damaged) return done;
    return filling.step(static_cast<std::size_t>(columns) * 16);
  }
  /// All rows from the statement's beginning on; how that ended.
  Result<Reading> rows(Statement& from, std::int64_t* key) {
    const Rewind at_end(from);
    for (;;) {
      const Reading reading = next_of(from);
      if (reading != Reading::row) return reading;
      if (key != nullptr) *key = from.number(key_column);
      if (auto done = row(from); !done) return done.error();
    }
  }
};

Result<bool> OldTables::copy(const Table& table, Database& to, Filling& filling) {
  for (const Database& view : views_) {
    const Result<bool> whole = copy_from(view, table, to, filling);
    if (!whole) return whole;
    if (*whole) return &view == &views_.front();
  }
  return false;
}

Result<bool> OldTables::copy_from(const Database& view, const Table& table, Database& to, Filling& filling) {
  const std::string name(table.name), key(table.key), order(table.order);
  const std::string all = "SELECT *" + (key.empty() ? "" : ", " + key) + " FROM " + name;
  Statement rows, back;
  const std::string ascending = all + (key.empty() ? " ORDER BY " + order : " WHERE " + key + " >= ? ORDER BY " + key);
  if (!view.prepare({{rows, ascending}})) return false;
  const int columns_of_old = rows.columns() - (key.empty() ? 0 : 1);
  const Result<std::int64_t> columns_of_new = to.number("SELECT count(*) FROM pragma_table_info('" + name + "')");
  if (!columns_of_new) return columns_of_new.error();
  const int columns = std::min(columns_of_old, static_cast<int>(*columns_of_new));
  const Result<std::string> names = to.text("SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('" +
                                            name + "') ORDER BY cid LIMIT " + std::to_string(columns) + ")");
  if (!names) return names.error();
  std::string places = "?";
  for (int i = 1; i < columns; ++i) places += ", ?";
  Statement put;
  const std::string insert = "INSERT OR IGNORE INTO " + name + " (" + *names + ") VALUES (" + places + ")";
  if (auto done = to.prepare({{put, insert}}); !done) return done.error();

  Copy copy{put, filling, columns, columns_of_old};
  bool whole = true;
  if (key.empty()) {
    const Result<Reading> forth = copy.rows(rows, nullptr);
    if (!forth) return forth.error();
    if (*forth == Reading::end) return true;
    const std::string descending = all + " ORDER BY " + order + " DESC";
    if (!view.prepare({{back, descending}})) return false;
    const Result<Reading> read = copy.rows(back, nullptr);
    return read ? Result<bool>(false) : read.error();
  }
  std::int64_t from = 0;
  for (int breaks = 0; breaks < breaks_max; ++breaks) {
    std::int64_t last = from - 1;
    const Result<Reading> read = copy.rows(rows.bind(1, from), &last);
    if (!read) return read.error();
    if (*read == Reading::end) return whole;
    whole = false;
    if (last == last_key) return false;
    // A tree that is out of order leads back, too.
    from = behind_break(rows, std::max(from, last + 1));
    if (from == last_key) return false;
  }
  return false;
}

}  // namespace sluice::store
