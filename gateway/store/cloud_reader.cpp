#include "gateway/store/cloud_reader.h"

#include <algorithm>
#include <utility>

#include "gateway/store/record_log.h"

namespace sluice::store {

namespace {

constexpr auto sql_page =
    "SELECT seq, id, kind, time, device, schema, data, dated, payload FROM log WHERE seq > ? AND seq <= ? ORDER BY seq "
    "LIMIT "
    "?";
constexpr auto sql_mark = "SELECT end_bytes FROM log WHERE seq = ?";
constexpr auto sql_oldest = "SELECT id, dated FROM log WHERE seq > ? ORDER BY seq LIMIT 1";

// A page of records is read once, in order: there is nothing to keep.
constexpr auto tuning =
    "PRAGMA cache_size = -256; PRAGMA mmap_size = 0; PRAGMA query_only = ON; PRAGMA cell_size_check = ON;";

Record record_from(const Statement& row) {
  Record record;
  record.id = id_from(row.blob(1));
  record.kind = static_cast<RecordKind>(row.number(2));
  record.time = Timestamp(Duration(row.number(3)));
  record.device = row.text(4);
  record.schema = row.text(5);
  record.data = row.text(6);
  const std::int64_t dated = row.number(7);
  if (dated == 0) record.boot_at.emplace();
  if (dated > 1) record.accepted_at = accepted_at(row.blob(1), dated);
  return record;
}

}  // namespace

Result<std::shared_ptr<CloudReader>> CloudReader::open(const std::filesystem::path& file, const std::string& vfs) {
  auto reader = std::make_shared<CloudReader>();
  Result<Database> database = Database::open(file, Database::Mode::read, vfs);
  if (!database) return database.error();
  reader->database_ = std::move(*database);
  if (auto done = reader->database_.run(tuning); !done) return done.error();
  const auto prepared =
      reader->database_.prepare({{reader->page_, sql_page}, {reader->mark_, sql_mark}, {reader->oldest_, sql_oldest}});
  if (!prepared) return prepared.error();
  return reader;
}

Result<Page> CloudReader::page(Mark from, Mark to, const Store::ReadLimits& limits) {
  const std::lock_guard lock(mutex_);
  Page page;
  std::int64_t bytes = 0;
  const Rewind at_end(page_);
  page_.bind(1, from.seq)
      .bind(2, to.seq)
      .bind(3, std::max<std::int64_t>(1, static_cast<std::int64_t>(limits.count_max)));
  for (;;) {
    const Result<bool> row = page_.next();
    if (!row) return row.error();
    if (!*row) return page;
    // What lies behind a gap is not next.
    if (!page.positions.empty() && page_.number(0) != page.positions.back() + 1) return page;
    Record record = record_from(page_);
    if (limits.payloads) record.payload = page_.maybe_text(8);
    bytes += static_cast<std::int64_t>(record.size());
    if (bytes > limits.bytes_max && !page.records.empty()) return page;
    page.positions.push_back(page_.number(0));
    page.records.push_back(std::move(record));
  }
}

Result<std::optional<Mark>> CloudReader::mark(std::int64_t seq) {
  const std::lock_guard lock(mutex_);
  const Rewind at_end(mark_);
  const Result<bool> row = mark_.bind(1, seq).next();
  if (!row) return row.error();
  return *row ? std::optional(Mark{seq, mark_.number(0)}) : std::nullopt;
}

Result<std::optional<Timestamp>> CloudReader::oldest(Mark from) {
  const std::lock_guard lock(mutex_);
  const Rewind at_end(oldest_);
  const Result<bool> row = oldest_.bind(1, from.seq).next();
  if (!row) return row.error();
  return *row ? std::optional(accepted_at(oldest_.blob(0), oldest_.number(1))) : std::nullopt;
}

}  // namespace sluice::store
