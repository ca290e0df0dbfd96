#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::store {

using Bytes = std::span<const std::uint8_t>;

/// A prepared statement of one Database, used by the thread that uses the database. Parameters count from 1, columns
/// from 0. What is bound is not copied and must live until the statement has run; what a column shows lives until the
/// next call. Errors are of kind storage, or damaged.
class Statement {
 public:
  Statement() = default;

  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, Bytes blob);
  Statement& bind(int parameter, const Statement& row, int column);  ///< what stands there; is copied
  Statement& bind_null(int parameter);

  /// Whether there is a (further) row. After false or an error the statement is rewound.
  Result<bool> next();
  /// Runs to the end and rewinds.
  Result<> run();
  /// Ends the reading: no transaction is held any more.
  void rewind();

  int columns() const;
  bool is_null(int column) const;
  std::int64_t number(int column) const;
  std::string_view text(int column) const;
  Bytes blob(int column) const;
  /// A copy of the column's bytes; nothing for NULL.
  std::optional<std::string> maybe_text(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_status_ = 0;
};

/// Rewinds a statement at the end of a scope, however the scope is left.
class Rewind {
 public:
  explicit Rewind(Statement& statement) : statement_(statement) {}
  ~Rewind() { statement_.rewind(); }
  Rewind(const Rewind&) = delete;
  Rewind& operator=(const Rewind&) = delete;

 private:
  Statement& statement_;
};

/// A connection to a SQLite file: the only door to that library. One thread at a time; it outlives its statements.
class Database {
 public:
  enum class Mode {
    write,      ///< the file must exist; an empty one is a new database
    read,       ///< beside a writing connection of the same process
    untouched,  ///< reads without making, changing or removing any file; nobody else may have it open
    salvage,    ///< the same for one that is damaged, whatever its bytes: with bounds on time and sizes, and as much
                ///< of it as can be read
    salvage_without_log,  ///< the same, as the file was before what its log holds
  };

  static Result<Database> open(const std::filesystem::path& file, Mode mode, const std::string& vfs = {});

  /// Whether a result code of SQLite means that the file is not as it was written. What the program asks is right:
  /// nothing else lets it fail in these ways.
  static bool tells_damage(int code);

  struct Prepared {
    Statement& statement;
    std::string_view sql;
  };
  Result<> prepare(std::initializer_list<Prepared> statements) const;
  Result<> run(const std::string& sql);
  /// The first column of the first row.
  Result<std::int64_t> number(std::string_view sql) const;
  Result<std::string> text(std::string_view sql) const;
  std::string file() const;
  /// Whether closing leaves the log beside the file, rather than writing it into the file.
  void keep_log(bool keep);

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  void expect_damage();

  std::unique_ptr<std::int64_t> steps_;  ///< left to a connection that meets damage
  std::unique_ptr<sqlite3, Close> connection_;
};

/// All or nothing: rolled back unless commit() succeeded. The connection is as good as new after either.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Result<> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace sluice::store
