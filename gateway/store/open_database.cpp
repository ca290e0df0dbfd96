#include "gateway/store/open_database.h"

#include <utility>

#include "gateway/store/page_file.h"
#include "gateway/store/salvage.h"
#include "gateway/store/schema.h"
#include "gateway/store/set_aside.h"

namespace sluice::store {

namespace fs = std::filesystem;

namespace {

std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

/// What can be told of the files before SQLite has them, which would mend some of it silently. A log that is not synced
/// has holes after a power cut, and nothing else was promised of it.
Result<> look_at_files(const fs::path& file, Durability durability) {
  std::error_code ignored;
  if (fs::exists(file, ignored) && !fs::is_regular_file(file, ignored))
    return config_error(file.string() + " is not a file: move it away, or choose another data_dir");
  const bool empty = size_of(file) <= empty_size_max;
  if (empty && size_of(file.string() + "-wal") > 0) return damaged_error("it is empty, and its log is not");
  if (empty || durability == Durability::process_crash) return {};
  const Result<PageFile> pages = PageFile::open(file);
  if (!pages) return pages.error();
  return pages->log_is_broken() ? damaged_error("its log (sluice.db-wal) is broken in the middle") : Result<>();
}

Result<> open_readers(const fs::path& file, const std::string& vfs, OpenDatabase& opened) {
  auto quarantine = QuarantineReader::open(file, vfs);
  if (!quarantine) return quarantine.error();
  opened.quarantine = std::move(*quarantine);
  for (const Account& cloud : opened.writer->accounts().books().clouds) {
    auto reader = CloudReader::open(file, vfs);
    if (!reader) return reader.error();
    opened.readers.emplace(cloud.name, std::move(*reader));
  }
  return {};
}

Result<OpenDatabase> open_files(const DataFolder& folder, const Store::Options& options, const Clock& clock, Log& log) {
  const fs::path file = folder.path() / database_name;
  if (auto done = look_at_files(file, options.durability); !done) return done.error();
  if (auto done = check_version(file, schema_steps(), options.vfs); !done) return done.error();
  if (auto done = folder.make_file(database_name); !done) return done.error();
  auto writer = Writer::open(file, options, clock, log);
  if (!writer) return writer.error();
  OpenDatabase opened{std::move(*writer)};
  if (auto done = open_readers(file, options.vfs, opened); !done) return opened.writer->abandon(), done.error();
  return opened;
}

void tell(const Store::Salvaged& saved, Log& log) {
  log.error("store", std::string(database_name) + " is damaged (" + saved.why + "): it was set aside as " + saved.file +
                         ", and what could be read of it is in a new one: " + std::to_string(saved.records) +
                         " records that wait, " + std::to_string(saved.quarantine) + " entries of quarantine, " +
                         std::to_string(saved.commands) + " known commands. Lost: " + std::to_string(saved.lost) +
                         " waiting records (counted as dropped), " + std::to_string(saved.quarantine_lost) +
                         " entries of quarantine" +
                         (saved.inbox ? "" : "; perhaps commands, which are executed again if they are sent again") +
                         (saved.counters ? "" : "; counters that could not be read begin anew"));
}

/// Sets aside what is marked, and fills a new database from it. False: there is nothing there.
Result<std::optional<Store::Salvaged>> replace(const DataFolder& folder, const DamageMark& mark,
                                               const Store::Options& options, Log& log) {
  const Result<bool> aside = set_aside(folder, mark);
  if (!aside) return aside.error();
  std::optional<Store::Salvaged> saved;
  if (*aside) {
    for (const std::string& name : remove_older(folder, mark, options.limits.size_max))
      log.warning("store", "removed " + name + ", which was set aside earlier, so that they do not fill the disk");
    if (auto done = folder.make_file(database_name); !done) return done.error();
    auto salvaged = salvage(folder.path() / mark.file, folder.path() / database_name);
    if (!salvaged) return salvaged.error();
    saved = std::move(*salvaged);
    saved->why = mark.why;
    saved->file = mark.file;
    tell(*saved, log);
  }
  if (auto done = remove_mark(folder); !done) return done.error();
  return saved;
}

/// Nothing can be saved of it, and it may be new; but nobody shall wonder.
std::optional<Store::Salvaged> was_empty(const fs::path& file, Log& log) {
  std::error_code ignored;
  if (!fs::exists(file, ignored) || !fs::is_regular_file(file, ignored) || size_of(file) > empty_size_max ||
      size_of(file.string() + "-wal") > 0)
    return std::nullopt;
  log.warning("store", file.string() + " was empty: if it ever held anything, that is lost");
  return Store::Salvaged{.why = "it was empty", .counters = false, .inbox = false};
}

}  // namespace

Result<OpenDatabase> open_database(const DataFolder& folder, const Store::Options& options, const Clock& clock,
                                   Log& log) {
  std::optional<DamageMark> mark = damage_mark(folder);
  std::optional<Store::Salvaged> saved;
  if (!mark) {
    saved = was_empty(folder.path() / database_name, log);
    Result<OpenDatabase> opened = open_files(folder, options, clock, log);
    if (opened) opened->salvaged = std::move(saved);
    if (opened || opened.error().kind != ErrorKind::damaged) return opened;
    if (auto done = mark_damaged(folder, opened.error().message, clock.wall_time()); !done) return done.error();
    mark = damage_mark(folder);
    if (!mark) return storage_error(folder.path().string() + " does not keep what is written to it");
  }
  auto replaced = replace(folder, *mark, options, log);
  if (!replaced)
    return storage_error((folder.path() / database_name).string() + " is damaged (" + mark->why +
                         "), and what can be read cannot be saved: " + replaced.error().message);
  Result<OpenDatabase> opened = open_files(folder, options, clock, log);
  if (opened) opened->salvaged = std::move(*replaced);
  if (opened || opened.error().kind != ErrorKind::damaged) return opened;
  return storage_error("the disk of " + folder.path().string() + " damages what is written: " + opened.error().message);
}

}  // namespace sluice::store
