#include "gateway/store/quarantine_reader.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "gateway/core/topic_filter.h"
#include "gateway/store/record_log.h"

namespace sluice::store {

namespace {

#define SLUICE_HEAD_COLUMNS                                                                                          \
  "q.id, q.reason, q.schema, q.field, q.cloud, q.topic, q.retained, q.received_at, q.payload_size, q.record_device," \
  " q.boot_at"
#define SLUICE_RECORD_COLUMNS \
  "q.record_id, q.record_kind, q.record_time, q.record_device, q.record_schema, q.payload, q.original"
#define SLUICE_NOT_SENT "NOT EXISTS (SELECT 1 FROM sent_again s WHERE s.entry = q.id)"

constexpr auto sql_newest =
    "SELECT " SLUICE_HEAD_COLUMNS " FROM quarantine q WHERE q.id < ? AND " SLUICE_NOT_SENT " ORDER BY q.id DESC";
constexpr auto sql_oldest =
    "SELECT " SLUICE_HEAD_COLUMNS " FROM quarantine q WHERE q.id > ? AND " SLUICE_NOT_SENT " ORDER BY q.id";
constexpr auto sql_find = "SELECT " SLUICE_HEAD_COLUMNS ", " SLUICE_RECORD_COLUMNS
                          ", s.entry IS NOT NULL FROM quarantine q LEFT JOIN sent_again s ON s.entry = q.id"
                          " WHERE q.id = ?";
constexpr auto sql_again = "SELECT s.entry, " SLUICE_RECORD_COLUMNS
                           " FROM sent_again s JOIN quarantine q ON q.id = s.entry"
                           " WHERE s.cloud = ? ORDER BY s.entry LIMIT ?";
constexpr auto sql_oldest_again =
    "SELECT q.record_id FROM sent_again s JOIN quarantine q ON q.id = s.entry WHERE s.cloud = ? ORDER BY s.entry LIMIT "
    "1";

constexpr auto tuning =
    "PRAGMA cache_size = -512; PRAGMA mmap_size = 0; PRAGMA query_only = ON; PRAGMA cell_size_check = ON;";

constexpr int record_at = 11;  // the first column of the record, where the head stands before it
constexpr int sent_again_at = 18;
constexpr std::size_t groups_bytes_max = std::size_t{1} << 20;

Quarantined head_of(const Statement& row) {
  Quarantined entry;
  entry.reason = row.text(1);
  entry.schema = row.text(2);
  entry.field = row.text(3);
  entry.cloud = row.text(4);
  entry.topic = row.text(5);
  entry.retained = row.number(6) != 0;
  entry.received_at = Timestamp(Duration(row.number(7)));
  entry.payload_size = static_cast<std::uint64_t>(row.number(8));
  if (!entry.cloud.empty()) entry.record.emplace().device = row.text(9);
  if (!row.is_null(10)) entry.boot_at = Timestamp(Duration(row.number(10)));
  return entry;
}

/// From SLUICE_RECORD_COLUMNS, which begin at column `at`.
Record record_of(const Statement& row, int at) {
  Record record;
  record.id = id_from(row.blob(at));
  record.kind = static_cast<RecordKind>(row.number(at + 1));
  record.time = Timestamp(Duration(row.number(at + 2)));
  record.device = row.text(at + 3);
  record.schema = row.text(at + 4);
  record.data = row.maybe_text(at + 5).value_or("");
  record.payload = row.maybe_text(at + 6);
  return record;
}

/// Runs to the end of the rows, or until `take` has enough.
template <class Take>
Result<> each_row(Statement& statement, const Take& take) {
  const Rewind at_end(statement);
  for (;;) {
    const Result<bool> row = statement.next();
    if (!row) return row.error();
    if (!*row || !take()) return {};
  }
}

}  // namespace

bool QuarantineFilter::wants(const Quarantined& entry) const {
  return (!schema || *schema == entry.schema) && (!cloud || *cloud == entry.cloud) &&
         (topic.empty() || covers(topic, entry.topic)) && entry.reason.find(reason) != std::string::npos;
}

Result<std::unique_ptr<QuarantineReader>> QuarantineReader::open(const std::filesystem::path& file,
                                                                 const std::string& vfs) {
  auto reader = std::make_unique<QuarantineReader>();
  Result<Database> database = Database::open(file, Database::Mode::read, vfs);
  if (!database) return database.error();
  reader->database_ = std::move(*database);
  if (auto done = reader->database_.run(tuning); !done) return done.error();
  const auto prepared = reader->database_.prepare({{reader->newest_, sql_newest},
                                                   {reader->oldest_, sql_oldest},
                                                   {reader->find_, sql_find},
                                                   {reader->again_, sql_again},
                                                   {reader->oldest_again_, sql_oldest_again}});
  if (!prepared) return prepared.error();
  return reader;
}

Result<QuarantinePage> QuarantineReader::page(const QuarantineFilter& filter, const QuarantineStretch& stretch) {
  const std::lock_guard lock(mutex_);
  Statement& rows = stretch.after ? oldest_ : newest_;
  rows.bind(1, stretch.after.value_or(stretch.before));
  QuarantinePage page;
  const auto done = each_row(rows, [&] {
    Quarantined head = head_of(rows);
    if (!filter.wants(head)) return true;
    page.more = page.entries.size() >= stretch.count_max;
    if (!page.more) page.entries.push_back({rows.number(0), std::move(head)});
    return !page.more;
  });
  if (!done) return done.error();
  return page;
}

Result<QuarantineGroups> QuarantineReader::groups(const QuarantineFilter& filter, const QuarantineBy& by) {
  const std::lock_guard lock(mutex_);
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  std::map<Key, QuarantineGroup> found;
  QuarantineGroups answer;
  std::size_t bytes = 0;
  const auto part = [](bool wanted, const std::string& text) { return wanted ? text : std::string(); };
  oldest_.bind(1, std::int64_t{0});
  const auto done = each_row(oldest_, [&] {
    const Quarantined head = head_of(oldest_);
    if (!filter.wants(head)) return true;
    Key key{part(by.schema, head.schema), part(by.field, head.field), part(by.reason, head.reason),
            part(by.topic, head.topic), part(by.cloud, head.cloud)};
    auto at = found.find(key);
    if (at == found.end()) {
      bytes += 128 + head.schema.size() + head.field.size() + head.reason.size() + head.topic.size();
      if (bytes > groups_bytes_max) return answer.others += 1, true;
      at = found.emplace(std::move(key), QuarantineGroup{}).first;
    }
    at->second.count += 1;
    at->second.newest = oldest_.number(0);
    return true;
  });
  if (!done) return done.error();
  for (auto& [key, group] : found) {
    std::tie(group.schema, group.field, group.reason, group.topic, group.cloud) = key;
    answer.groups.push_back(std::move(group));
  }
  std::stable_sort(answer.groups.begin(), answer.groups.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return answer;
}

Result<std::optional<QuarantineEntry>> QuarantineReader::find(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  const Rewind at_end(find_);
  const Result<bool> row = find_.bind(1, id).next();
  if (!row) return row.error();
  if (!*row) return std::optional<QuarantineEntry>();
  QuarantineEntry entry{id, head_of(find_), find_.number(sent_again_at) != 0};
  entry.what.payload = find_.maybe_text(record_at + 5).value_or("");
  if (!entry.what.cloud.empty()) entry.what.record = record_of(find_, record_at);
  return std::optional(std::move(entry));
}

Result<Page> QuarantineReader::again(std::string_view cloud, const Store::ReadLimits& limits) {
  const std::lock_guard lock(mutex_);
  Page page;
  std::int64_t bytes = 0;
  again_.bind(1, cloud).bind(2, static_cast<std::int64_t>(limits.count_max));
  const auto done = each_row(again_, [&] {
    Record record = record_of(again_, 1);
    bytes += static_cast<std::int64_t>(record.size());
    if (bytes > limits.bytes_max && !page.records.empty()) return false;
    page.positions.push_back(again_.number(0));
    page.records.push_back(std::move(record));
    return true;
  });
  if (!done) return done.error();
  return page;
}

Result<std::optional<Timestamp>> QuarantineReader::oldest_again(std::string_view cloud) {
  const std::lock_guard lock(mutex_);
  const Rewind at_end(oldest_again_);
  const Result<bool> row = oldest_again_.bind(1, cloud).next();
  if (!row) return row.error();
  return *row ? std::optional(id_from(oldest_again_.blob(0)).time()) : std::nullopt;
}

}  // namespace sluice::store
