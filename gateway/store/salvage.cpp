#include "gateway/store/salvage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "gateway/store/ledger.h"
#include "gateway/store/log_remains.h"
#include "gateway/store/old_tables.h"
#include "gateway/store/schema.h"

namespace sluice::store {

namespace {

constexpr auto sql_put_record =
    "INSERT INTO log (seq, end_bytes, id, dated, kind, time, device, schema, data, payload, boot_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
// A command of which no more is known than its id, and perhaps a little more.
constexpr auto sql_put_command =
    "INSERT OR IGNORE INTO commands (number, id, origin, device, name, params, accepted_at, dated, expires_at, digest,"
    " state, ended, status, reason, reply, answered_by, at)"
    " VALUES (?, ?, ?, ?, ?, '', ?, ?, NULL, ?, ?, ?, ?, ?, '', '', ?)";

// What no statement of the gateway could have written must not come to those that read it. Whatever had not ended was
// to be sent, for all that anybody knows: the next start ends it as unanswered.
constexpr auto sql_tidy = R"sql(
DELETE FROM answers WHERE number NOT BETWEEN 1 AND 1 << 53;
UPDATE OR IGNORE commands SET number = abs(number % 1000000000) WHERE number NOT BETWEEN 1 AND 1 << 53;
DELETE FROM commands WHERE number NOT BETWEEN 0 AND 1 << 53;
DELETE FROM quarantine WHERE id NOT BETWEEN 1 AND 1 << 53 OR typeof(size) <> 'integer' OR size NOT BETWEEN 0 AND 1073741824 OR typeof(cloud) <> 'text'
  OR (cloud <> '' AND (typeof(record_id) <> 'blob' OR length(record_id) <> 16
                       OR typeof(record_kind) <> 'integer' OR record_kind NOT BETWEEN 1 AND 6));
DELETE FROM sent_again WHERE NOT EXISTS
  (SELECT 1 FROM quarantine q WHERE q.id = sent_again.entry AND q.cloud = sent_again.cloud AND q.cloud <> '');
UPDATE commands SET state = 7, ended = 1 WHERE typeof(state) <> 'integer' OR state NOT BETWEEN 1 AND 7
  OR typeof(ended) <> 'integer' OR ended NOT BETWEEN 0 AND 1;
UPDATE commands SET state = 2 WHERE ended = 0;
UPDATE quarantine SET counted = 0 WHERE typeof(counted) <> 'integer';
)sql";

constexpr OldTables::Table tables[] = {{"commands", "number", {}},
                                       {"answers", "number", {}},
                                       {"quarantine", "id", {}},
                                       {"sent_again", "entry", {}},
                                       {"settings", {}, "cloud, device, command"},
                                       {"devices", {}, "name"}};

constexpr std::int64_t record_size_min = 64;  // by Record::size()
constexpr std::int64_t broken_log_records_max = 100'000;
constexpr std::int64_t anew = -1;  // begin of an account that does not add up

class Work {
 public:
  Work(PageFile pages, const std::filesystem::path& from) : pages_(std::move(pages)), old_(from), remains_(pages_) {}

  Result<Store::Salvaged> run(const std::filesystem::path& to);

 private:
  Result<> make(const std::filesystem::path& to);
  Result<> copy_tables();
  Result<> find();
  Result<> note_command(const PageRows::Row& row);
  void judge_books();
  Result<> write_log();
  void settle();
  void settle(Account& cloud);
  Result<> count_again(Account& cloud) const;
  Result<> count_quarantine();
  Mark moved(std::int64_t seq) const;

  PageFile pages_;
  OldTables old_;
  LogRemains remains_;
  Database new_;
  Statement put_record_, put_command_;
  std::optional<Filling> filling_;
  Books books_;
  bool known_ = false;                             ///< the books are those of the old database
  std::map<std::int64_t, std::int64_t> bytes_at_;  ///< from the places that are asked for, in the new log
  Store::Salvaged saved_;
};

Result<Store::Salvaged> Work::run(const std::filesystem::path& to) {
  if (auto done = make(to); !done) return done.error();
  if (auto done = copy_tables(); !done) return done.error();
  if (auto done = find(); !done) return done.error();
  judge_books();
  if (auto done = write_log(); !done) return done.error();
  if (auto done = filling_->end(); !done) return done.error();
  if (auto done = new_.run(sql_tidy); !done) return done.error();
  if (auto done = count_quarantine(); !done) return done.error();
  for (Account& cloud : books_.clouds)
    if (auto done = count_again(cloud); !done) return done.error();
  settle();
  Result<Ledger> ledger = Ledger::prepare(new_);
  if (!ledger) return ledger.error();
  if (auto done = filling_->begin(); !done) return done.error();
  if (auto done = ledger->save(books_, Books{}); !done) return done.error();
  constexpr auto of_no_cloud = "DELETE FROM sent_again WHERE cloud NOT IN (SELECT owner FROM ledger)";
  if (auto done = new_.run(of_no_cloud); !done) return done.error();
  if (auto done = filling_->end(); !done) return done.error();
  return saved_;
}

Result<> Work::make(const std::filesystem::path& to) {
  Result<Database> database = Database::open(to, Database::Mode::write);
  if (!database) return database.error();
  new_ = std::move(*database);
  // Nothing of it counts before it is complete: synced when it is closed.
  constexpr auto tuning =
      "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2048;"
      "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY";
  if (auto done = new_.run(tuning); !done) return done;
  if (auto done = migrate(new_, schema_steps()); !done) return done;
  if (auto done = new_.prepare({{put_record_, sql_put_record}, {put_command_, sql_put_command}}); !done) return done;
  filling_.emplace(new_);
  return filling_->begin();
}

Result<> Work::copy_tables() {
  for (const OldTables::Table& table : tables) {
    const Result<bool> whole = old_.copy(table, new_, *filling_);
    if (!whole) return whole.error();
    if (table.name == "commands") saved_.inbox = *whole && !pages_.log_is_broken();
  }
  return {};
}

Result<> Work::find() {
  return remains_.find([this](const PageRows::Row& row) { return note_command(row); });
}

/// A row of the inbox, or of the index of its ids: a changed bit may have given a command another id in one of them.
/// Where the inbox could be read such a row is a remainder of one that has ended.
Result<> Work::note_command(const PageRows::Row& row) {
  using Type = PageValue::Type;
  const auto& value = row.values;
  const auto is = [&](Type type, std::initializer_list<std::size_t> columns) {
    return std::all_of(columns.begin(), columns.end(), [&](std::size_t each) { return value[each].is(type); });
  };
  const bool whole = row.of_table && value.size() == 17 && is(Type::text, {1, 2, 3, 4, 5, 13, 14, 15}) &&
                     is(Type::integer, {6, 7, 9, 10, 11, 12, 16});
  const bool id_alone = !row.of_table && value.size() == 2 && is(Type::text, {0}) && is(Type::integer, {1});
  if (!whole && !id_alone) return {};
  const auto text = [&](std::size_t column) { return whole ? value[column].text() : std::string_view(); };
  const auto number = [&](std::size_t column, std::int64_t other) { return whole ? value[column].number : other; };
  const std::int64_t state = saved_.inbox ? 7 : number(10, 7), ended = saved_.inbox ? 1 : number(11, 1);
  put_command_.bind_null(1).bind(2, value[whole ? 1 : 0].text());
  put_command_.bind(3, text(2)).bind(4, text(3)).bind(5, text(4)).bind(6, number(6, 0)).bind(7, number(7, 0));
  put_command_.bind(8, number(9, 0)).bind(9, state).bind(10, ended).bind(11, number(12, 504));
  constexpr std::string_view unknown = "the gateway's database was damaged: what became of it is not known";
  put_command_.bind(12, whole ? text(13) : unknown).bind(13, number(16, 0));
  if (auto done = put_command_.run(); !done) return done;
  return filling_->step(row.values[whole ? 1 : 0].bytes.size() + 64);
}

/// Whose numbers can be relied on, and from where on records are kept.
void Work::judge_books() {
  std::optional<Books> found = old_.books();
  known_ = found.has_value();
  if (found) books_ = std::move(*found);
  Totals& totals = books_.totals;
  if (!adds_up(totals.messages)) totals.messages = {}, saved_.counters = false;
  if (totals.pruned.seq < 0 || totals.pruned.seq > totals.tail.seq) totals.pruned.seq = 0, saved_.counters = false;
  // More records than their bytes allow have never been.
  if ((totals.tail.seq - totals.pruned.seq) > (totals.tail.bytes - totals.pruned.bytes) / record_size_min)
    totals.tail = totals.pruned, saved_.counters = false;
  std::int64_t from = totals.tail.seq;
  for (Account& cloud : books_.clouds) {
    if (adds_up(cloud) && cloud.cursor.seq <= totals.tail.seq && cloud.cursor.seq >= totals.pruned.seq) {
      from = std::min(from, cloud.cursor.seq);
      continue;
    }
    saved_.counters = false;
    cloud = {.name = cloud.name, .begin = anew, .cursor = totals.pruned};
    from = std::min(from, totals.pruned.seq);
  }
  if (!known_) {
    saved_.counters = false;
    totals.accounts_lost = 1;
    return remains_.choose(0, std::nullopt);
  }
  // Of a log that is broken they are those of an earlier commit.
  remains_.choose(from, totals.tail.seq, pages_.log_is_broken() ? broken_log_records_max : 0);
  totals.tail.seq = std::max(totals.tail.seq, remains_.last());
}

/// The place in the new log of what had this place in the old one: what is kept behind it is kept behind it there.
Mark Work::moved(std::int64_t seq) const {
  const std::int64_t place = books_.totals.tail.seq - remains_.count_after(seq);
  const auto at = bytes_at_.find(place);
  return {place, at != bytes_at_.end() ? at->second : 0};
}

Result<> Work::write_log() {
  Totals& totals = books_.totals;
  if (!known_) totals.tail.seq = remains_.count_after(0);
  std::int64_t seq = totals.tail.seq - remains_.count_after(0), bytes = 0;
  totals.pruned = {seq, 0};
  for (const Account& cloud : books_.clouds) bytes_at_.emplace(moved(cloud.cursor.seq).seq, 0);
  const auto put = [&](const PageRows::Row& row) -> Result<> {
    using namespace log_column;
    const auto& value = row.values;
    const Bytes body = value.size() > payload ? value[payload].bytes : Bytes();
    const std::size_t size =
        value[device].bytes.size() + value[schema].bytes.size() + value[data].bytes.size() + body.size() + 64;
    bytes += static_cast<std::int64_t>(size);
    seq += 1;
    if (const auto at = bytes_at_.find(seq); at != bytes_at_.end()) at->second = bytes;
    put_record_.bind(1, seq).bind(2, bytes).bind(3, value[id].bytes).bind(4, value[dated].number);
    put_record_.bind(5, value[kind].number).bind(6, value[time].number).bind(7, value[device].text());
    put_record_.bind(8, value[schema].text()).bind(9, value[data].text()).bind_null(10).bind_null(11);
    if (value.size() > payload && value[payload].is(PageValue::Type::blob)) put_record_.bind(10, body);
    if (value.size() > boot_at && value[boot_at].is(PageValue::Type::integer))
      put_record_.bind(11, value[boot_at].number);
    if (auto done = put_record_.run(); !done) return done;
    return filling_->step(size);
  };
  const Result<> done = remains_.each(put);
  totals.tail.bytes = bytes;
  return done;
}

Result<> Work::count_quarantine() {
  Totals& totals = books_.totals;
  const auto number = [this](const char* sql) { return new_.number(sql); };
  const auto records = number("SELECT count(*) FROM quarantine"), bytes = number("SELECT sum(size) FROM quarantine"),
             last = number("SELECT max(id) FROM quarantine"), commands = number("SELECT count(*) FROM commands"),
             messages = number("SELECT count(*) FROM quarantine WHERE cloud = ''");
  for (const auto* each : {&records, &bytes, &last, &commands, &messages})
    if (!*each) return each->error();
  const auto before = totals.quarantine_records;
  totals.quarantine_records = saved_.quarantine = static_cast<std::uint64_t>(*records);
  saved_.quarantine_lost = known_ && before < (1U << 30) ? before - std::min(before, saved_.quarantine) : 0;
  totals.quarantine_bytes = *bytes;
  totals.quarantine_last = std::max(totals.quarantine_last, *last);
  saved_.commands = static_cast<std::uint64_t>(*commands);
  // Each of them may be read again, and counts as quarantined until then.
  const auto least = static_cast<std::uint64_t>(*messages);
  if (totals.messages.quarantined >= least) return {};
  totals.messages.received_qos1 += least - totals.messages.quarantined;
  totals.messages.quarantined = least;
  return {};
}

/// What is still sent again to this cloud.
Result<> Work::count_again(Account& cloud) const {
  Statement count;
  constexpr auto sql =
      "SELECT count(*), coalesce(sum(q.size), 0) FROM sent_again s JOIN quarantine q ON q.id = s.entry"
      " WHERE s.cloud = ?";
  if (auto done = new_.prepare({{count, sql}}); !done) return done;
  const Result<bool> row = count.bind(1, cloud.name).next();
  if (!row) return row.error();
  cloud.again = static_cast<std::uint64_t>(count.number(0));
  cloud.again_bytes = count.number(1);
  return {};
}

void Work::settle() {
  Totals& totals = books_.totals;
  for (Account& cloud : books_.clouds) settle(cloud);
  saved_.records = static_cast<std::uint64_t>(remains_.count_after(0));
  // When this run of the machine began is known by places in the old log: what is marked as unsynced stays so.
  totals.boot = totals.boot_seq = totals.boot_quarantine = 0;
  totals.running = 0;
  totals.receipts_last = std::max<std::int64_t>(0, totals.receipts_last);
}

/// What is missing counts as dropped: of what waited, and of what was to be sent again.
void Work::settle(Account& cloud) {
  cloud.cursor = moved(cloud.cursor.seq);
  const std::uint64_t behind = cloud.stored(cloud.cursor), elsewhere = cloud.fates() + cloud.again;
  if (cloud.begin != anew && cloud.begin <= cloud.cursor.seq && elsewhere <= behind) {
    cloud.dropped_damage += behind - elsewhere;
    saved_.lost += behind - elsewhere;
    return;
  }
  saved_.counters = false;
  cloud = {.name = cloud.name,
           .begin = cloud.cursor.seq,
           .cursor = cloud.cursor,
           .again = cloud.again,
           .again_bytes = cloud.again_bytes,
           .readmitted = cloud.again};
}

}  // namespace

Result<Store::Salvaged> salvage(const std::filesystem::path& from, const std::filesystem::path& to) {
  Result<PageFile> pages = PageFile::open(from);
  if (!pages) return pages.error();
  return Work(std::move(*pages), from).run(to);
}

}  // namespace sluice::store
