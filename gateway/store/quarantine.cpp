#include "gateway/store/quarantine.h"

#include <algorithm>

namespace sluice::store {

namespace {

constexpr auto sql_put =
    "INSERT INTO quarantine (id, size, put_at, dated, reason, schema, field, cloud, topic, retained, received_at,"
    " payload_size, record_id, record_kind, record_time, record_device, record_schema, payload, boot_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto sql_oldest = "SELECT id, size, put_at, dated FROM quarantine ORDER BY id LIMIT 1";
constexpr auto sql_erase = "DELETE FROM quarantine WHERE id = ?";

constexpr std::size_t row_share = 64;  ///< as with records: what an entry costs beside its text

std::string_view kept_payload(const Quarantined& entry) {
  return entry.payload.empty() && entry.record ? entry.record->data : entry.payload;
}

std::int64_t size_of(const Quarantined& entry) {
  std::size_t size = row_share + entry.reason.size() + entry.schema.size() + entry.field.size() + entry.cloud.size() +
                     entry.topic.size() + kept_payload(entry).size();
  if (entry.record) size += entry.record->device.size() + entry.record->schema.size();
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

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

}  // namespace

Result<Quarantine> Quarantine::prepare(const Database& database) {
  Quarantine quarantine;
  const auto prepared =
      database.prepare({{quarantine.put_, sql_put}, {quarantine.oldest_, sql_oldest}, {quarantine.erase_, sql_erase}});
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
  put_.bind(18, Bytes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()));
  if (entry.boot_at)
    put_.bind(19, milliseconds(*entry.boot_at));
  else
    put_.bind_null(19);
  if (!entry.record) count_schema(entry.schema, totals);
  totals.quarantine_records += 1;
  totals.quarantine_bytes += size;
  return put_.run();
}

Result<> Quarantine::keep_within(std::int64_t bytes, Totals& totals) {
  while (totals.quarantine_bytes > bytes && totals.quarantine_records > 0)
    if (auto done = drop_oldest(totals); !done) return done;
  return {};
}

Result<bool> Quarantine::has_older(Timestamp oldest) {
  const Rewind at_end(oldest_);
  Result<bool> row = oldest_.next();
  if (!row || !*row) return row;
  return oldest_.number(3) != 0 && oldest_.number(2) < milliseconds(oldest);
}

Result<> Quarantine::drop_older(Timestamp oldest, int count_max, Totals& totals) {
  for (int count = 0; count < count_max; ++count) {
    const Result<bool> older = has_older(oldest);
    if (!older) return older.error();
    if (!*older) return {};
    if (auto done = drop_oldest(totals); !done) return done;
  }
  return {};
}

Result<> Quarantine::drop_oldest(Totals& totals) {
  const Rewind at_end(oldest_);
  const Result<bool> row = oldest_.next();
  if (!row) return row.error();
  if (!*row) return storage_error("the database lacks a row of its quarantine: it is damaged");
  totals.quarantine_records -= 1;
  totals.quarantine_bytes -= oldest_.number(1);
  totals.quarantine_dropped += 1;
  return erase_.bind(1, oldest_.number(0)).run();
}

}  // namespace sluice::store
