#include "gateway/store/schema.h"

#include <algorithm>
#include <array>
#include <fstream>

namespace sluice::store {

namespace {

// application_id says "Sluc" to file(1).
//
// log: every record once, whoever reads it. `seq` has no gaps. `end_bytes` is the sum of the sizes of all records up to
// this one since the database began, so that what lies between two positions is a subtraction. It stands before `data`
// because SQLite reads a row from the left. `dated`: the clock was trusted when the id was given.
//
// ledger: every number that must survive, by owner (a cloud's name; '' is the gateway). One small tree, so that a
// commit that moves counters and cursors writes one page for all of them.
//
// quarantine: whole messages that could not be read, and records that a cloud refused for good (then `cloud` and the
// record_ columns are filled).
//
// receipts: `entries` is 18 bytes for each QoS 1 message, `last` the running number of the last of them.
constexpr const char* first_step = R"sql(
PRAGMA application_id = 0x536c7563;
CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  end_bytes INTEGER NOT NULL,
  id BLOB NOT NULL,
  dated INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  time INTEGER NOT NULL,
  device TEXT NOT NULL,
  schema TEXT NOT NULL,
  data TEXT NOT NULL
);
CREATE TABLE ledger (
  owner TEXT NOT NULL,
  entry TEXT NOT NULL,
  value NOT NULL,
  PRIMARY KEY (owner, entry)
) WITHOUT ROWID;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  put_at INTEGER NOT NULL,
  dated INTEGER NOT NULL,
  reason TEXT NOT NULL,
  schema TEXT NOT NULL,
  field TEXT NOT NULL,
  cloud TEXT NOT NULL,
  topic TEXT NOT NULL,
  retained INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  payload_size INTEGER NOT NULL,
  record_id BLOB,
  record_kind INTEGER,
  record_time INTEGER,
  record_device TEXT,
  record_schema TEXT,
  payload BLOB NOT NULL
);
CREATE TABLE receipts (
  last INTEGER PRIMARY KEY,
  entries BLOB NOT NULL
);
)sql";

// payload: the device's own, where a cloud wants it as it is; NULL elsewhere. At the end of the row, since most readers
// stop before it.
constexpr const char* second_step = "ALTER TABLE log ADD COLUMN payload BLOB";

// commands: each that was ever taken, by its id; `ended` ones are kept so that a repeat is known. expires_at is NULL
// where only the time since acceptance counts. answers: which source still has to hear of which command; `text` is
// filled where it is about none that could be read. settings: what each cloud has set last, so that hearing it again is
// no command. devices: online is NULL where a device never said.
constexpr const char* third_step = R"sql(
CREATE TABLE commands (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  origin TEXT NOT NULL,
  device TEXT NOT NULL,
  name TEXT NOT NULL,
  params TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  dated INTEGER NOT NULL,
  expires_at INTEGER,
  digest INTEGER NOT NULL,
  state INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  status INTEGER NOT NULL,
  reason TEXT NOT NULL,
  reply TEXT NOT NULL,
  answered_by TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX open_commands ON commands (number) WHERE ended = 0;
CREATE INDEX kept_commands ON commands (number) WHERE state <> 6;
CREATE INDEX refused_commands ON commands (number) WHERE state = 6;
CREATE TABLE answers (
  number INTEGER PRIMARY KEY,
  cloud TEXT NOT NULL,
  reply_to TEXT NOT NULL,
  command TEXT NOT NULL,
  status INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE UNIQUE INDEX answers_once ON answers (cloud, command, reply_to) WHERE text = '';
CREATE TABLE settings (
  cloud TEXT NOT NULL,
  device TEXT NOT NULL,
  command TEXT NOT NULL,
  digest INTEGER NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (cloud, device, command)
) WITHOUT ROWID;
CREATE TABLE devices (
  name TEXT PRIMARY KEY,
  online INTEGER,
  since INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

// sent_again: the refused records that wait for their cloud once more; a table of its own, so that who walks quarantine
// need not read its rows to their ends. original: the device's own payload, of a refused record. counted: 1 while the
// refusal stands in its cloud's `rejected`.
constexpr const char* fourth_step = R"sql(
CREATE TABLE sent_again (
  entry INTEGER PRIMARY KEY,
  cloud TEXT NOT NULL
);
CREATE INDEX sent_again_to ON sent_again (cloud, entry);
ALTER TABLE quarantine ADD COLUMN original BLOB;
ALTER TABLE quarantine ADD COLUMN counted INTEGER NOT NULL DEFAULT 1;
)sql";

// boot_at: of a row that was written while the clock was not synced, when by that clock the machine was started; NULL
// elsewhere, and once the row is mended. The record is then as old as `dated` says, which above 1 is a time.
constexpr const char* fifth_step = R"sql(
ALTER TABLE log ADD COLUMN boot_at INTEGER;
CREATE INDEX unsynced_log ON log (seq) WHERE boot_at IS NOT NULL;
ALTER TABLE quarantine ADD COLUMN boot_at INTEGER;
CREATE INDEX unsynced_quarantine ON quarantine (id) WHERE boot_at IS NOT NULL;
)sql";

constexpr std::array steps_to_here = {first_step, second_step, third_step, fourth_step, fifth_step};
constexpr std::int64_t application_id = 0x536c7563;
constexpr auto our_tables =
    "SELECT count(*) = 4 FROM sqlite_schema WHERE name IN ('log', 'ledger', 'quarantine', 'receipts')";

/// Whether the power was cut while the file was made: beside it lies a rollback journal that says it had no pages
/// before (section 3 of SQLite's file format). What is in it until SQLite has rolled back may be anything.
bool was_being_made(const std::filesystem::path& file) {
  constexpr std::array<unsigned char, 8> magic = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
  std::array<char, 20> header{};
  std::ifstream journal(file.string() + "-journal", std::ios::binary);
  if (!journal.read(header.data(), header.size())) return false;
  return std::equal(magic.begin(), magic.end(), header.begin(),
                    [](unsigned char m, char c) { return static_cast<unsigned char>(c) == m; }) &&
         std::all_of(header.begin() + 16, header.end(), [](char c) { return c == 0; });
}

}  // namespace

std::span<const char* const> schema_steps() {
  return steps_to_here;
}

Result<> check_version(const std::filesystem::path& file, std::span<const char* const> steps, const std::string& vfs) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored) || std::filesystem::file_size(file, ignored) == 0) return {};
  if (was_being_made(file)) return {};
  const Result<Database> database = Database::open(file, Database::Mode::untouched, vfs);
  if (!database) return database.error();
  const Result<std::int64_t> owner = database->number("PRAGMA application_id");
  if (!owner) return owner.error();
  const Result<std::int64_t> version = database->number("PRAGMA user_version");
  if (!version) return version.error();
  const bool other = *owner != application_id && (*owner != 0 || *version != 0);
  const Result<std::int64_t> ours = other ? database->number(our_tables) : Result<std::int64_t>(0);
  if (!ours || *ours > 0) return ours ? damaged_error("its header is not its own") : ours.error();
  if (other)
    return config_error(file.string() + " is not a database of Sluice: move it away, or choose another data_dir");
  if (*version > static_cast<std::int64_t>(steps.size()))
    return config_error(file.string() + " was written by a newer version of Sluice (its format is " +
                        std::to_string(*version) + ", this one knows up to " + std::to_string(steps.size()) +
                        "): install that version again, or choose another data_dir");
  return {};
}

Result<> migrate(Database& database, std::span<const char* const> steps) {
  const Result<std::int64_t> version = database.number("PRAGMA user_version");
  if (!version) return version.error();
  for (auto step = static_cast<std::size_t>(*version); step < steps.size(); ++step) {
    Result<Transaction> transaction = Transaction::begin(database);
    if (!transaction) return transaction.error();
    if (auto done = database.run(steps[step]); !done) return done;
    if (auto done = database.run("PRAGMA user_version = " + std::to_string(step + 1)); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
  }
  return {};
}

}  // namespace sluice::store
