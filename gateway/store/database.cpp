#include "gateway/store/database.h"

#include <system_error>

#include <sqlite3.h>

#include "gateway/store/store.h"

namespace sluice::store {

namespace {

constexpr int busy_timeout_ms = 5000;

// A whole inbox and a whole quarantine take some ten million operations.
constexpr int salvage_step = 1000;
constexpr std::int64_t salvage_steps_max = 50'000;
constexpr int salvage_value_max = 64 << 20;

/// Nobody else has the file open, and nothing beside it may change.
bool reads_alone(Database::Mode mode) {
  return mode == Database::Mode::untouched || mode == Database::Mode::salvage ||
         mode == Database::Mode::salvage_without_log;
}

std::string_view advice(int code) {
  switch (code) {
    case SQLITE_FULL:
      return "; free some space on its disk";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; the file is damaged";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "; see who owns it and whether its disk is mounted for writing";
    default:
      return "";
  }
}

std::string file_of(sqlite3* connection) {
  const char* file = connection != nullptr ? sqlite3_db_filename(connection, "main") : nullptr;
  return file != nullptr && *file != '\0' ? file : "SQLite";
}

Error failure(sqlite3* connection, const std::string& file, int code) {
  std::string message = file + ": " + sqlite3_errstr(code);
  const std::string_view detail = connection != nullptr ? sqlite3_errmsg(connection) : "";
  if (!detail.empty() && detail != sqlite3_errstr(code) && sqlite3_errcode(connection) == code)
    message.append(" (").append(detail).append(")");
  const bool from_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  const int system = connection != nullptr && from_system ? sqlite3_system_errno(connection) : 0;
  if (system != 0) message.append(": ").append(std::system_category().message(system));
  message += advice(code & 0xff);
  return {Database::tells_damage(code) ? ErrorKind::damaged : ErrorKind::storage, std::move(message)};
}

Error failure(sqlite3* connection, int code) {
  return failure(connection, file_of(connection), code);
}

// In a file: URI these three begin or end something.
std::string uri(const std::filesystem::path& file, std::string_view query) {
  std::string out = "file:";
  for (const char c : file.string()) {
    if (c == '?')
      out += "%3f";
    else if (c == '#')
      out += "%23";
    else if (c == '%')
      out += "%25";
    else
      out += c;
  }
  return out.append(query);
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  bind_status_ |= sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL instead of the empty text.
  const char* data = text.data() != nullptr ? text.data() : "";
  bind_status_ |= sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind(int parameter, Bytes blob) {
  const void* data = blob.data() != nullptr ? static_cast<const void*>(blob.data()) : "";
  bind_status_ |= sqlite3_bind_blob64(statement_.get(), parameter, data, blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::bind(int parameter, const Statement& row, int column) {
  bind_status_ |= sqlite3_bind_value(statement_.get(), parameter, sqlite3_column_value(row.statement_.get(), column));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  bind_status_ |= sqlite3_bind_null(statement_.get(), parameter);
  return *this;
}

Result<bool> Statement::next() {
  const int status = bind_status_ == SQLITE_OK ? sqlite3_step(statement_.get()) : bind_status_;
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return rewind(), false;
  sqlite3* connection = sqlite3_db_handle(statement_.get());
  Error error = failure(connection, bind_status_ == SQLITE_OK ? sqlite3_extended_errcode(connection) : status);
  rewind();
  return error;
}

Result<> Statement::run() {
  for (;;) {
    const Result<bool> row = next();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

void Statement::rewind() {
  sqlite3_reset(statement_.get());
  bind_status_ = SQLITE_OK;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {data != nullptr ? data : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::optional<std::string> Statement::maybe_text(int column) const {
  if (is_null(column)) return std::nullopt;
  const Bytes bytes = blob(column);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Bytes Statement::blob(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

void Database::Close::operator()(sqlite3* connection) const {
  sqlite3_close_v2(connection);
}

bool Database::tells_damage(int code) {
  const int kind = code & 0xff;
  return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_ERROR || kind == SQLITE_CONSTRAINT ||
         kind == SQLITE_MISMATCH;
}

Result<Database> Database::open(const std::filesystem::path& file, Mode mode, const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= mode == Mode::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  // Without a log beside it, `immutable` keeps SQLite from making one; with one, the log must be read too.
  std::error_code ignored;
  const bool log_waits = std::filesystem::file_size(file.string() + "-wal", ignored) > 0 && !ignored;
  const bool immutable = mode == Mode::salvage_without_log || (reads_alone(mode) && !log_waits);

  Database database;
  sqlite3* connection = nullptr;
  const int status = sqlite3_open_v2(uri(file, immutable ? "?immutable=1" : "").c_str(), &connection, flags,
                                     vfs.empty() ? nullptr : vfs.c_str());
  database.connection_.reset(connection);
  // A connection that did not come about does not know its file.
  if (status != SQLITE_OK) return failure(connection, file.string(), status);
  sqlite3_busy_timeout(connection, busy_timeout_ms);
  if (reads_alone(mode)) database.keep_log(true);
  if (mode == Mode::salvage || mode == Mode::salvage_without_log) database.expect_damage();
  return database;
}

// With writable_schema a schema that is broken in parts serves for the rest, and a file that was cut off for what is
// left of it; nothing can be written all the same. A tree that leads back into itself would be walked for ever.
void Database::expect_damage() {
  sqlite3_exec(connection_.get(),
               "PRAGMA writable_schema = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;"
               "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -1024",
               nullptr, nullptr, nullptr);
  sqlite3_limit(connection_.get(), SQLITE_LIMIT_LENGTH, salvage_value_max);
  steps_ = std::make_unique<std::int64_t>(salvage_steps_max);
  const auto spend = [](void* left) { return --*static_cast<std::int64_t*>(left) < 0 ? 1 : 0; };
  sqlite3_progress_handler(connection_.get(), salvage_step, spend, steps_.get());
}

Result<> Database::prepare(std::initializer_list<Prepared> statements) const {
  for (const Prepared& each : statements) {
    sqlite3_stmt* prepared = nullptr;
    const int status = sqlite3_prepare_v3(connection_.get(), each.sql.data(), static_cast<int>(each.sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    each.statement.statement_.reset(prepared);
    if (status != SQLITE_OK) return failure(connection_.get(), status);
  }
  return {};
}

Result<> Database::run(const std::string& sql) {
  const int status = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return failure(connection_.get(), status);
  return {};
}

Result<std::int64_t> Database::number(std::string_view sql) const {
  Statement statement;
  if (auto prepared = prepare({{statement, sql}}); !prepared) return prepared.error();
  const Result<bool> row = statement.next();
  if (!row) return row.error();
  return *row ? statement.number(0) : 0;
}

Result<std::string> Database::text(std::string_view sql) const {
  Statement statement;
  if (auto prepared = prepare({{statement, sql}}); !prepared) return prepared.error();
  const Result<bool> row = statement.next();
  if (!row) return row.error();
  return std::string(*row ? statement.text(0) : std::string_view());
}

std::string Database::file() const {
  return file_of(connection_.get());
}

void Database::keep_log(bool keep) {
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
}

Result<Transaction> Transaction::begin(Database& database) {
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
  return Transaction(database);
}

Transaction::~Transaction() {
  // Some errors have rolled back already.
  if (database_ == nullptr || sqlite3_get_autocommit(database_->connection_.get()) != 0) return;
  sqlite3_exec(database_->connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<> Transaction::commit() {
  return database_->run("COMMIT");
}

std::string_view sqlite_version() {
  return sqlite3_libversion();
}

}  // namespace sluice::store
