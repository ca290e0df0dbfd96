#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/books.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// What is written while a new database is filled: commits now and then, so that no transaction grows large.
class Filling {
 public:
  explicit Filling(Database& database) : database_(database) {}
  Result<> begin();
  /// After each row.
  Result<> step(std::size_t bytes);
  Result<> end();

 private:
  Database& database_;
  std::optional<Transaction> transaction_;
  std::size_t rows_ = 0, bytes_ = 0;
};

/// A damaged database as SQLite can still read it: with its log, and as it was before what that holds.
class OldTables {
 public:
  explicit OldTables(const std::filesystem::path& file);

  /// The first of the two that has books which add up, or else any.
  std::optional<Books> books();

  /// Copies the rows of a table that can be read into the same one of `to`; of two with the same key the first counts.
  /// Columns that an older version lacks are left at their defaults. `key`: the number of its rows, else it is read
  /// from both ends. Answers whether nothing was in the way.
  struct Table {
    std::string_view name;
    std::string_view key{};
    std::string_view order{};  ///< where there is no such key
  };
  Result<bool> copy(const Table& table, Database& to, Filling& filling);

 private:
  struct Copy;
  Result<bool> copy_from(const Database& view, const Table& table, Database& to, Filling& filling);

  std::vector<Database> views_;
};

}  // namespace sluice::store
