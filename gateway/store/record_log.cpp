#include "gateway/store/record_log.h"

#include <algorithm>

namespace sluice::store {

namespace {
constexpr auto sql_append =
    "INSERT INTO log (seq, end_bytes, id, dated, kind, time, device, schema, data, payload, boot_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto sql_mark = "SELECT end_bytes FROM log WHERE seq = ?";
constexpr auto sql_walk = "SELECT seq, end_bytes, id, dated FROM log WHERE seq > ? AND seq <= ? ORDER BY seq";
constexpr auto sql_erase = "DELETE FROM log WHERE seq > ? AND seq <= ?";
constexpr auto sql_newest = "SELECT seq FROM log ORDER BY seq DESC LIMIT 1";
}  // namespace

Result<RecordLog> RecordLog::prepare(const Database& database) {
  RecordLog log;
  const auto prepared = database.prepare({{log.append_, sql_append},
                                          {log.mark_, sql_mark},
                                          {log.walk_, sql_walk},
                                          {log.erase_, sql_erase},
                                          {log.newest_, sql_newest}});
  if (!prepared) return prepared.error();
  return log;
}

Result<> RecordLog::append(const Record& record, Mark end, bool dated) {
  if (record.payload)
    append_.bind(10, Bytes(reinterpret_cast<const std::uint8_t*>(record.payload->data()), record.payload->size()));
  else
    append_.bind_null(10);
  if (record.boot_at)
    append_.bind(11, record.boot_at->time_since_epoch().count());
  else
    append_.bind_null(11);
  return append_.bind(1, end.seq)
      .bind(2, end.bytes)
      .bind(3, Bytes(record.id.bytes))
      .bind(4, dated && !record.boot_at ? 1 : 0)
      .bind(5, static_cast<std::int64_t>(record.kind))
      .bind(6, record.time.time_since_epoch().count())
      .bind(7, record.device)
      .bind(8, record.schema)
      .bind(9, record.data)
      .run();
}

Result<Mark> RecordLog::mark(std::int64_t seq) {
  const Rewind at_end(mark_);
  const Result<bool> row = mark_.bind(1, seq).next();
  if (!row) return row.error();
  if (!*row) return damaged_error("the database lacks record " + std::to_string(seq) + " of its log");
  return Mark{seq, mark_.number(0)};
}

Result<Mark> RecordLog::reach(Mark from, Mark to, std::int64_t bytes) {
  // end_bytes ascends with seq: halve what is left until one remains.
  Mark found = to;
  std::int64_t low = from.seq + 1;
  while (low < found.seq) {
    Result<Mark> middle = mark(low + (found.seq - low) / 2);
    if (!middle) return middle;
    if (middle->bytes >= bytes)
      found = *middle;
    else
      low = middle->seq + 1;
  }
  return found;
}

Result<Mark> RecordLog::aged(const Age& age, Mark from, Mark to, std::int64_t& undated) {
  Mark found = from;
  const std::int64_t start = std::max(from.seq, undated);
  bool only_undated = true;
  const Rewind at_end(walk_);
  walk_.bind(1, start).bind(2, std::min(to.seq, start + age.count_max));
  for (;;) {
    const Result<bool> row = walk_.next();
    if (!row) return row.error();
    if (!*row) return found;
    const Timestamp accepted = accepted_at(walk_.blob(2), walk_.number(3));
    const bool dated = walk_.number(3) != 0;
    if (accepted > age.now || (dated && accepted >= age.oldest)) return found;
    if (dated) found = {walk_.number(0), walk_.number(1)};
    only_undated = only_undated && !dated;
    if (only_undated) undated = walk_.number(0);
  }
}

Result<> RecordLog::erase(std::int64_t after, std::int64_t through) {
  return erase_.bind(1, after).bind(2, through).run();
}

Result<std::optional<std::int64_t>> RecordLog::newest() {
  const Rewind at_end(newest_);
  const Result<bool> row = newest_.next();
  if (!row) return row.error();
  return *row ? std::optional(newest_.number(0)) : std::nullopt;
}

Timestamp accepted_at(Bytes id, std::int64_t dated) {
  return dated > 1 ? Timestamp(Duration(dated)) : id_from(id).time();
}

RecordId id_from(Bytes blob) {
  RecordId id;
  std::copy_n(blob.begin(), std::min(blob.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

}  // namespace sluice::store
