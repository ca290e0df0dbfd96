#include "gateway/store/quarantine.h"

#include <algorithm>

namespace sluice::store {

namespace {

constexpr auto sql_put =
    "INSERT INTO quarantine (id, size, put_at, dated, reason, schema, field, cloud, topic, retained, received_at,"
    " payload_size, record_id, record_kind, record_time, record_device, record_schema, payload, original, boot_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto sql_oldest = "SELECT id, size, put_at, dated FROM quarantine ORDER BY id LIMIT 1";
constexpr auto sql_find =
    "SELECT q.size, q.cloud, q.reason, q.schema, q.field, s.entry IS NOT NULL, q.counted"
    " FROM quarantine q LEFT JOIN sent_again s ON s.entry = q.id WHERE q.id = ?";
constexpr auto sql_restate = "UPDATE quarantine SET size = ?2, reason = ?3, schema = ?4, field = ?5 WHERE id = ?1";
constexpr auto sql_mark = "INSERT INTO sent_again (entry, cloud) VALUES (?, ?)";
constexpr auto sql_unmark = "DELETE FROM sent_again WHERE entry = ?";
constexpr auto sql_count = "UPDATE quarantine SET counted = ?2 WHERE id = ?1 AND counted <> ?2";
constexpr auto sql_forget = "DELETE FROM sent_again WHERE cloud = ?";
constexpr auto sql_forget_counts = "UPDATE quarantine SET counted = 0 WHERE cloud = ? AND counted <> 0";
constexpr auto sql_erase = "DELETE FROM quarantine WHERE id = ?";

constexpr std::size_t row_share = 64;  ///< as with records: what an entry costs beside its text

std::string_view kept_payload(const Quarantined& entry) {
  return entry.payload.empty() && entry.record ? entry.record->data : entry.payload;
}

std::int64_t size_of(const Quarantined& entry) {
  std::size_t size = row_share + entry.reason.size() + entry.schema.size() + entry.field.size() + entry.cloud.size() +
                     entry.topic.size() + kept_payload(entry).size();
  if (entry.record)
    size += entry.record->device.size() + entry.record->schema.size() + entry.record->payload.value_or("").size();
  return static_cast<std::int64_t>(size);
}

void count_schema(const std::string& schema, Totals& totals) {
  auto& counts = totals.quarantined_by_schema;
  const auto known = std::find_if(counts.begin(), counts.end(), [&](const auto& each) { return each.first == schema; });
  if (known != counts.end())
    known->second += 1;
  else
    counts.emplace_back(schema, 1);
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

}  // namespace

Result<Quarantine> Quarantine::prepare(const Database& database) {
  Quarantine quarantine;
  const auto prepared = database.prepare({{quarantine.put_, sql_put},
                                          {quarantine.oldest_, sql_oldest},
                                          {quarantine.erase_, sql_erase},
                                          {quarantine.find_, sql_find},
                                          {quarantine.restate_, sql_restate},
                                          {quarantine.mark_, sql_mark},
                                          {quarantine.unmark_, sql_unmark},
                                          {quarantine.count_, sql_count},
                                          {quarantine.forget_, sql_forget},
                                          {quarantine.forget_counts_, sql_forget_counts}});
  if (!prepared) return prepared.error();
  return quarantine;
}

Result<> Quarantine::put(const Quarantined& entry, Timestamp now, bool dated, Totals& totals) {
  const std::int64_t size = size_of(entry);
  const std::string_view payload = kept_payload(entry);
  put_.bind(1, ++totals.quarantine_last)
      .bind(2, size)
      .bind(3, milliseconds(now))
      .bind(4, dated && !entry.boot_at ? 1 : 0);
  put_.bind(5, entry.reason).bind(6, entry.schema).bind(7, entry.field).bind(8, entry.cloud).bind(9, entry.topic);
  put_.bind(10, entry.retained ? 1 : 0).bind(11, milliseconds(entry.received_at));
  put_.bind(12, static_cast<std::int64_t>(entry.payload_size));
  if (const auto& record = entry.record) {
    put_.bind(13, Bytes(record->id.bytes)).bind(14, static_cast<std::int64_t>(record->kind));
    put_.bind(15, milliseconds(record->time)).bind(16, record->device).bind(17, record->schema);
  } else {
    for (int parameter = 13; parameter <= 17; ++parameter) put_.bind_null(parameter);
  }
  put_.bind(18, bytes_of(payload));
  if (entry.record && entry.record->payload)
    put_.bind(19, bytes_of(*entry.record->payload));
  else
    put_.bind_null(19);
  if (entry.boot_at)
    put_.bind(20, milliseconds(*entry.boot_at));
  else
    put_.bind_null(20);
  if (!entry.record) count_schema(entry.schema, totals);
  totals.quarantine_records += 1;
  totals.quarantine_bytes += size;
  return put_.run();
}

Result<> Quarantine::keep_within(std::int64_t bytes, Books& books) {
  while (books.totals.quarantine_bytes > bytes && books.totals.quarantine_records > 0)
    if (auto done = drop_oldest(&Account::dropped_size, books); !done) return done;
  return {};
}

Result<bool> Quarantine::has_older(Timestamp oldest) {
  const Rewind at_end(oldest_);
  Result<bool> row = oldest_.next();
  if (!row || !*row) return row;
  return oldest_.number(3) != 0 && oldest_.number(2) < milliseconds(oldest);
}

Result<> Quarantine::drop_older(Timestamp oldest, int count_max, Books& books) {
  for (int count = 0; count < count_max; ++count) {
    const Result<bool> older = has_older(oldest);
    if (!older) return older.error();
    if (!*older) return {};
    if (auto done = drop_oldest(&Account::dropped_age, books); !done) return done;
  }
  return {};
}

Result<> Quarantine::drop_oldest(std::uint64_t Account::*fate, Books& books) {
  std::int64_t id = 0;
  {
    const Rewind at_end(oldest_);
    const Result<bool> row = oldest_.next();
    if (!row) return row.error();
    if (!*row) return damaged_error("the database lacks a row of its quarantine");
    id = oldest_.number(0);
  }
  const Result<std::optional<Row>> row = find(id);
  if (!row) return row.error();
  if (Account* account = (*row)->sent_again ? books.find((*row)->cloud) : nullptr) {
    account->again -= 1;
    account->again_bytes -= (*row)->size;
    account->*fate += 1;
  } else {
    books.totals.quarantine_dropped += 1;
  }
  return erase(**row, books.totals);
}

Result<std::optional<Quarantine::Row>> Quarantine::find(std::int64_t id) {
  const Rewind at_end(find_);
  const Result<bool> row = find_.bind(1, id).next();
  if (!row) return row.error();
  if (!*row) return std::optional<Row>();
  return std::optional(Row{.id = id,
                           .size = find_.number(0),
                           .cloud = std::string(find_.text(1)),
                           .reason = std::string(find_.text(2)),
                           .schema = std::string(find_.text(3)),
                           .field = std::string(find_.text(4)),
                           .sent_again = find_.number(5) != 0,
                           .counted = find_.number(6) != 0});
}

Result<> Quarantine::erase(const Row& row, Totals& totals) {
  totals.quarantine_records -= 1;
  totals.quarantine_bytes -= row.size;
  if (row.sent_again)
    if (auto done = unmark_.bind(1, row.id).run(); !done) return done;
  return erase_.bind(1, row.id).run();
}

Result<> Quarantine::restate(const Row& row, const std::string& reason, const std::string& schema,
                             const std::string& field, Totals& totals) {
  const auto before = row.reason.size() + row.schema.size() + row.field.size();
  const auto more = static_cast<std::int64_t>(reason.size() + schema.size() + field.size() - before);
  totals.quarantine_bytes += more;
  restate_.bind(1, row.id).bind(2, row.size + more).bind(3, reason).bind(4, schema).bind(5, field);
  return restate_.run();
}

Result<> Quarantine::mark(const Row& row, bool sent_again, bool counted) {
  if (auto done = count_.bind(1, row.id).bind(2, counted ? 1 : 0).run(); !done) return done;
  return sent_again ? mark_.bind(1, row.id).bind(2, row.cloud).run() : unmark_.bind(1, row.id).run();
}

Result<> Quarantine::forget(std::string_view cloud) {
  if (auto done = forget_.bind(1, cloud).run(); !done) return done;
  return forget_counts_.bind(1, cloud).run();
}

}  // namespace sluice::store
