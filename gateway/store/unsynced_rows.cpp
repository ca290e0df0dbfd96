#include "gateway/store/unsynced_rows.h"

#include "gateway/core/unsynced.h"
#include "gateway/store/record_log.h"

namespace sluice::store {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t rows_max = 2000;
constexpr std::int64_t bytes_max = 2 << 20;
constexpr Duration right_within = 1s;  ///< a clock that was as near as that was right

constexpr auto sql_records =
    "SELECT seq, id, time, data, boot_at FROM log WHERE boot_at IS NOT NULL AND seq > ? ORDER BY seq LIMIT 1";
constexpr auto sql_mend_record = "UPDATE log SET dated = ?, time = ?, data = ?, boot_at = NULL WHERE seq = ?";
constexpr auto sql_quarantined = "SELECT id FROM quarantine WHERE boot_at IS NOT NULL AND id > ? ORDER BY id LIMIT 1";
constexpr auto sql_mend_quarantined =
    "UPDATE quarantine SET put_at = put_at + ?1 - boot_at, received_at = received_at + ?1 - boot_at, dated = 1,"
    " boot_at = NULL WHERE id IN"
    " (SELECT id FROM quarantine WHERE boot_at IS NOT NULL AND id > ?2 ORDER BY id LIMIT ?3)";

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

}  // namespace

Result<UnsyncedRows> UnsyncedRows::prepare(const Database& database) {
  UnsyncedRows rows;
  const auto prepared = database.prepare({{rows.records_, sql_records},
                                          {rows.mend_record_, sql_mend_record},
                                          {rows.quarantined_, sql_quarantined},
                                          {rows.mend_quarantined_, sql_mend_quarantined}});
  if (!prepared) return prepared.error();
  return rows;
}

Result<bool> UnsyncedRows::any(const From& from) {
  const Rewind records_end(records_), quarantined_end(quarantined_);
  const Result<bool> record = records_.bind(1, from.record).next();
  if (!record || *record) return record;
  return quarantined_.bind(1, from.quarantined).next();
}

Result<Store::Mended> UnsyncedRows::mend(const From& from, Timestamp boot_at) {
  Store::Mended mended;
  std::int64_t bytes = 0;
  records_.bind(1, from.record);
  for (std::int64_t rows = 0; rows < rows_max && bytes < bytes_max; ++rows) {
    const Result<bool> found = mend_record(boot_at, mended, bytes);
    if (!found) return found.error();
    if (!*found) break;
  }
  mend_quarantined_.bind(1, milliseconds(boot_at)).bind(2, from.quarantined).bind(3, rows_max);
  if (auto done = mend_quarantined_.run(); !done) return done.error();
  return mended;
}

Result<bool> UnsyncedRows::mend_record(Timestamp boot_at, Store::Mended& mended, std::int64_t& bytes) {
  Record record;
  std::int64_t seq = 0;
  Duration wrong{};
  {
    const Rewind at_end(records_);
    const Result<bool> row = records_.next();
    if (!row || !*row) return row;
    seq = records_.number(0);
    record.id = id_from(records_.blob(1));
    record.time = Timestamp(Duration(records_.number(2)));
    record.data = records_.text(3);
    wrong = boot_at - Timestamp(Duration(records_.number(4)));
  }
  bytes += static_cast<std::int64_t>(record.data.size());
  if (wrong < right_within && wrong > -right_within) wrong = Duration(0);
  const Timestamp accepted = sluice::mend(record, wrong).value_or(record.id.time() + wrong);
  mend_record_.bind(1, milliseconds(accepted)).bind(2, milliseconds(record.time)).bind(3, record.data).bind(4, seq);
  if (auto done = mend_record_.run(); !done) return done.error();
  mended.records += 1;
  mended.wrong = wrong;
  return true;
}

}  // namespace sluice::store
