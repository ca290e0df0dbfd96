// How the Writer comes to its database: tuned, migrated, loaded, and looked over.
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
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 8388608;
)sql";

Error damaged(const std::filesystem::path& file, const std::string& what) {
  return storage_error(file.string() + " is damaged (" + what + "): move it away, or put a copy in its place");
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
  if (auto done = writer->prepare(file, options); !done) return done.error();
  Result<Books> books = writer->load(file);
  if (!books) return books.error();
  writer->written_ = *books;
  writer->accounts_ = std::make_unique<Accounts>(*books);
  if (books->totals.running != 0) {
    books->totals.unclean_ends += 1;
    log.info("store", "the last run did not end cleanly; nothing acknowledged is lost");
  }
  books->totals.running = 1;
  note_boot(clock.boot(), books->totals);
  if (auto done = writer->commit(std::move(*books), nullptr, {}); !done) return done.error();
  return writer;
}

Result<> Writer::prepare(const std::filesystem::path& file, const Store::Options& options) {
  Result<Database> database = Database::open(file, Database::Mode::write, options.vfs);
  if (!database) return database.error();
  database_ = std::move(*database);
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

Result<Books> Writer::load(const std::filesystem::path& file) {
  Result<Books> books = ledger_.load();
  if (!books) return books;
  const Result<std::optional<std::int64_t>> newest = log_.newest();
  if (!newest) return newest.error();
  const Totals& totals = books->totals;
  if (newest->value_or(totals.pruned.seq) != totals.tail.seq) return damaged(file, "its log is not as long as it was");
  if (!plausible(*books)) return damaged(file, "its counters do not add up");
  return books;
}

}  // namespace sluice::store
