// How the Writer comes to its database: tuned, migrated, loaded, and looked over.
#include <charconv>
#include <utility>

#include "gateway/store/schema.h"
#include "gateway/store/writer.h"

namespace sluice::store {

namespace {

// secure_delete is on in Debian's build: it would write every freed page once more, as zeros.
// wal_autocheckpoint, journal_size_limit: 4 MiB of log. Longer would be cheaper in pages that are written again and
// again, but each of them is one of few; shorter would copy the ledger's page to the database more often.
constexpr auto tuning = R"sql(
PRAGMA cache_size = -1024;
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = OFF;
PRAGMA cell_size_check = ON;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 8388608;
)sql";

// What is looked through at each start without keeping anybody waiting: 32 MiB come from a slow SD card in a second.
// What lies beyond is found when it is read.
constexpr std::int64_t pages_looked_over_max = 8192;
constexpr const char* small_tables[] = {"ledger", "commands", "answers", "settings", "devices", "sent_again"};

/// The check puts an error of the disk among what it has found: "unable to get the page. error code=266".
bool names_error_of_disk(std::string_view found) {
  constexpr std::string_view before = "error code=";
  const std::size_t at = found.find(before);
  int code = 0;
  if (at == std::string_view::npos) return false;
  std::from_chars(found.data() + at + before.size(), found.data() + found.size(), code);
  return !Database::tells_damage(code);
}

/// The quick check would not do: whether a counter is found again, or a command known, depends on the order of an
/// index.
Result<> check(const Database& database, const std::string& what) {
  const Result<std::string> answer = database.text("PRAGMA integrity_check(" + what + ")");
  if (!answer) return answer.error();
  if (*answer == "ok") return {};
  return names_error_of_disk(*answer) ? storage_error(database.file() + ": " + *answer) : damaged_error(*answer);
}

bool has_log(const std::filesystem::path& file) {
  std::error_code error;
  return std::filesystem::file_size(file.string() + "-wal", error) > 0 && !error;
}

/// Only what was written in this run of the machine can be mended: of an earlier one nobody knows when it began.
void note_boot(std::int64_t boot, Totals& totals) {
  if (boot != 0 && boot == totals.boot) return;
  totals.boot = boot;
  totals.boot_seq = totals.tail.seq;
  totals.boot_quarantine = totals.quarantine_last;
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(const std::filesystem::path& file, const Store::Options& options,
                                             const Clock& clock, Log& log) {
  std::unique_ptr<Writer> writer(new Writer(options, clock, log));
  const bool log_was_there = has_log(file);
  if (auto done = writer->prepare(file, options); !done) return done.error();
  Result<Books> books = writer->load(log_was_there);
  if (!books) return books.error();
  if (auto done = writer->look_over(books->totals); !done) return done.error();
  writer->written_ = *books;
  writer->accounts_ = std::make_unique<Accounts>(*books);
  if (books->totals.running != 0) {
    books->totals.unclean_ends += 1;
    log.info("store", "the last run did not end cleanly; nothing acknowledged is lost");
  }
  books->totals.running = 1;
  note_boot(clock.boot(), books->totals);
  if (auto done = writer->commit(*books, nullptr, {}); !done) return done.error();
  // So that the file itself tells that there must be a log beside it; which begins anew with the next commit.
  if (auto done = writer->database_.run("PRAGMA wal_checkpoint"); !done) return done.error();
  books->totals.probes += 1;
  if (auto done = writer->commit(std::move(*books), nullptr, {}); !done) return done.error();
  // Until here an error leaves the log where it is: the file may say already that there must be one.
  writer->database_.keep_log(false);
  return writer;
}

Result<> Writer::prepare(const std::filesystem::path& file, const Store::Options& options) {
  Result<Database> database = Database::open(file, Database::Mode::write, options.vfs);
  if (!database) return database.error();
  database_ = std::move(*database);
  database_.keep_log(true);
  // Before the first page is written; later it is without effect.
  if (auto done = database_.run("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL"); !done) return done;
  const char* synchronous = options.durability == Durability::power_cut ? "FULL" : "NORMAL";
  if (auto done = database_.run(std::string("PRAGMA synchronous = ") + synchronous); !done) return done;
  if (auto done = database_.run(tuning); !done) return done;
  if (auto done = migrate(database_, schema_steps()); !done) return done;

  Result<Ledger> ledger = Ledger::prepare(database_);
  if (!ledger) return ledger.error();
  Result<RecordLog> log = RecordLog::prepare(database_);
  if (!log) return log.error();
  Result<Quarantine> quarantine = Quarantine::prepare(database_);
  if (!quarantine) return quarantine.error();
  Result<Receipts> receipts = Receipts::prepare(database_);
  if (!receipts) return receipts.error();
  Result<Inbox> inbox = Inbox::prepare(database_);
  if (!inbox) return inbox.error();
  Result<DeviceList> devices = DeviceList::prepare(database_);
  if (!devices) return devices.error();
  Result<UnsyncedRows> unsynced = UnsyncedRows::prepare(database_);
  if (!unsynced) return unsynced.error();
  unsynced_ = std::move(*unsynced);
  inbox_ = std::move(*inbox);
  devices_ = std::move(*devices);
  ledger_ = std::move(*ledger);
  log_ = std::move(*log);
  quarantine_ = std::move(*quarantine);
  receipts_ = std::move(*receipts);
  return {};
}

Result<Books> Writer::load(bool log_was_there) {
  Result<Books> books = ledger_.load();
  if (!books) return books;
  const Result<std::optional<std::int64_t>> newest = log_.newest();
  if (!newest) return newest.error();
  const Totals& totals = books->totals;
  if (newest->value_or(totals.pruned.seq) != totals.tail.seq) return damaged_error("its newest records are missing");
  if (totals.tail.seq > totals.pruned.seq)
    if (const Result<Mark> oldest = log_.mark(totals.pruned.seq + 1); !oldest) return oldest.error();
  if (!plausible(*books)) return damaged_error("its counters do not add up");
  if (auto done = measure(*books); !done) return done.error();
  // Only a clean end takes the log away, and it comes after that is noted.
  if (totals.running != 0 && !log_was_there) return damaged_error("its log (sluice.db-wal) is gone");
  return books;
}

/// Bytes by the numbers and by the rows: where they differ, far too much may be let go as too large.
Result<> Writer::measure(const Books& books) {
  std::vector<Mark> marks = {books.totals.tail};
  for (const Account& cloud : books.clouds) marks.push_back(cloud.cursor);
  for (const Mark& each : marks) {
    const Result<Mark> row = each.seq > books.totals.pruned.seq ? log_.mark(each.seq) : books.totals.pruned;
    if (!row) return row.error();
    if (row->bytes != each.bytes) return damaged_error("its records do not measure what its counters say");
  }
  return {};
}

Result<> Writer::look_over(const Totals& totals) const {
  const Result<std::int64_t> pages = database_.number("PRAGMA page_count"),
                             free = database_.number("PRAGMA freelist_count");
  if (!pages || !free) return pages ? free.error() : pages.error();
  if (*pages - *free <= pages_looked_over_max) {
    const Result<std::int64_t> bytes = database_.number("SELECT coalesce(sum(size), 0) FROM quarantine");
    if (bytes && *bytes != totals.quarantine_bytes) return damaged_error("its quarantine does not add up");
    if (!bytes) return bytes.error();
    return check(database_, "1");
  }
  for (const char* table : small_tables)
    if (auto done = check(database_, table); !done) return done;
  return {};
}

}  // namespace sluice::store
