#include "gateway/store/writer.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::store {

namespace {

// Counts of messages that left no rows wait for another change to ride with, but not for ever: the window of receipts
// is counted in messages, and must not be much wider after a crash than it was before.
constexpr std::uint64_t counts_pending_max = 8192;

std::int64_t size_of(std::span<const Record> records) {
  std::int64_t size = 0;
  for (const Record& record : records) size += static_cast<std::int64_t>(record.size());
  return size;
}

void count(const Batch& batch, Totals& totals) {
  totals.messages += batch.counts;
  totals.receipts_last +=
      static_cast<std::int64_t>(std::max<std::uint64_t>(batch.counts.received_qos1, batch.receipts.size()));
  if (batch.counts.received() > 0) totals.unclean_ends = 0;
}

bool of_commands(const Batch& batch) {
  return !batch.commands.empty() || !batch.changes.empty() || !batch.answers.empty() || !batch.told.empty() ||
         !batch.settings.empty();
}

bool has_rows(const Batch& batch) {
  return !batch.records.empty() || !batch.quarantined.empty() || !batch.receipts.empty() || batch.forget_receipts ||
         of_commands(batch) || !batch.devices.empty() || !batch.gone_devices.empty();
}

Error buffer_full(std::int64_t waiting, const Limits& limits) {
  return storage_error("the buffer is full (" + std::to_string(waiting) + " of " + std::to_string(limits.size_max) +
                       " bytes) and holds what it has: it takes more once the clouds have taken some of it");
}

}  // namespace

void Writer::limit(const Limits& limits) {
  const std::lock_guard turn(turn_);
  limits_ = limits;
}

Result<bool> Writer::exceeds(std::int64_t more, bool must) const {
  const std::int64_t waiting = accounts_->outbox_bytes();
  if (waiting + more <= limits_.size_max) return false;
  // An empty buffer takes a batch of any size: refused for ever, it would block all that comes after it.
  if (limits_.when_full == WhenFull::hold && more > 0 && waiting > 0 && !must) return buffer_full(waiting, limits_);
  return true;
}

Result<> Writer::append(const Batch& batch) {
  const std::lock_guard turn(turn_);
  // The ends of commands that were sent are few, and must be stored; a flood of refused ones has to wait.
  const Result<bool> over = exceeds(size_of(batch.records), !batch.changes.empty());
  if (!over) return over.error();
  std::optional<Accounts::Freeze> freeze;
  // What is put into quarantine may push something out of it that is being sent again.
  if (*over || !batch.quarantined.empty()) freeze.emplace(*accounts_);
  Books next = accounts_->books();
  const bool proves_sound = next.totals.unclean_ends > 0 && batch.counts.received() > 0;
  count(batch, next.totals);
  const std::uint64_t pending = next.totals.messages.received() - written_.totals.messages.received();
  if (!has_rows(batch) && !proves_sound && pending < counts_pending_max) {
    accounts_->adopt(next.totals);
    return {};
  }
  return commit(std::move(next), freeze ? &*freeze : nullptr, [&](Books& books) { return put_rows(batch, books); });
}

Result<> Writer::put_rows(const Batch& batch, Books& next) {
  Totals& totals = next.totals;
  if (auto done = put_records(batch.records, next); !done) return done;
  if (auto done = put_quarantined(batch.quarantined, next); !done) return done;
  if (auto done = inbox_.put(batch, totals.commands); !done) return done;
  if (auto done = devices_.put(batch.devices); !done) return done;
  if (auto done = devices_.drop(batch.gone_devices); !done) return done;
  if (batch.forget_receipts)
    if (auto done = receipts_.forget(); !done) return done;
  return receipts_.append(batch.receipts, totals.receipts_last);
}

Result<> Writer::put_records(std::span<const Record> records, Books& next) {
  Totals& totals = next.totals;
  const bool dated = clock_.synced();
  for (const Record& record : records) {
    totals.tail.seq += 1;
    totals.tail.bytes += static_cast<std::int64_t>(record.size());
    if (auto done = log_.append(record, totals.tail, dated); !done) return done;
  }
  return limits_.when_full == WhenFull::drop_oldest ? make_room(next) : Result<>();
}

Result<> Writer::put_quarantined(std::span<const Quarantined> entries, Books& next) {
  if (entries.empty()) return {};
  const Timestamp now = clock_.wall_time();
  const bool dated = clock_.synced();
  for (const Quarantined& entry : entries)
    if (auto done = quarantine_.put(entry, now, dated, next.totals); !done) return done;
  return quarantine_.keep_within(limits_.quarantine_size_max, next);
}

Result<> Writer::ready() {
  const std::lock_guard turn(turn_);
  const std::int64_t waiting = accounts_->outbox_bytes();
  if (limits_.when_full == WhenFull::hold && waiting >= limits_.size_max / 10 * 9) return buffer_full(waiting, limits_);
  if (history_.last_error().empty()) return {};
  return commit(accounts_->books(), nullptr, {});
}

Result<> Writer::settle(std::string_view cloud, std::span<const Store::Settlement> settlements, Mark through,
                        std::span<const Quarantined> refused) {
  const std::lock_guard turn(turn_);
  const Accounts::Freeze freeze(*accounts_);
  Books next = accounts_->books();
  Account* account = next.find(cloud);
  if (account == nullptr) return invalid("no cloud is named " + std::string(cloud));
  store::settle(*account, settlements, through);
  return commit(std::move(next), &freeze, [&](Books& books) { return put_quarantined(refused, books); });
}

Result<std::vector<Store::Forgotten>> Writer::keep_clouds(const std::vector<std::string>& names) {
  const std::lock_guard turn(turn_);
  const Accounts::Freeze freeze(*accounts_);
  Books next = accounts_->books();
  const std::vector<Account> before = std::exchange(next.clouds, {});
  const Mark tail = next.totals.tail;
  const Mark start = next.totals.accounts_lost != 0 ? next.totals.pruned : tail;
  for (const std::string& name : names) {
    SLUICE_ASSERT(!name.empty());
    if (next.find(name) != nullptr) continue;
    const auto known =
        std::find_if(before.begin(), before.end(), [&](const Account& each) { return each.name == name; });
    next.clouds.push_back(known != before.end() ? *known : Account{.name = name, .begin = start.seq, .cursor = start});
  }
  next.totals.accounts_lost = 0;
  std::vector<Store::Forgotten> forgotten;
  for (const Account& cloud : before)
    if (next.find(cloud.name) == nullptr)
      forgotten.push_back({cloud.name, static_cast<std::uint64_t>(tail.seq - cloud.cursor.seq)});
  const auto forget = [&](Books&) -> Result<> {
    for (const Store::Forgotten& gone : forgotten) {
      if (auto done = inbox_.forget(gone.cloud); !done) return done;
      if (auto done = quarantine_.forget(gone.cloud); !done) return done;
    }
    return {};
  };
  if (auto done = commit(std::move(next), &freeze, forget); !done) return done.error();
  return forgotten;
}

Result<std::vector<Receipt>> Writer::receipts() {
  const std::lock_guard turn(turn_);
  return receipts_.read(accounts_->books().totals.receipts_last);
}

Result<> Writer::close() {
  const std::lock_guard turn(turn_);
  Books next = accounts_->books();
  next.totals.unclean_ends = 0;
  next.totals.running = 0;
  auto done = commit(std::move(next), nullptr, {});
  if (!done) database_.keep_log(true);  // the file goes on to say that there must be one
  return done;
}

void Writer::abandon() {
  const std::lock_guard turn(turn_);
  database_.keep_log(true);
}

Result<> Writer::commit(Books next, const Accounts::Freeze* freeze, const Change& change) {
  const Instant start = clock_.now();
  // A commit that writes nothing would prove nothing. And one that failed may stand in the log with its mark, and count
  // after a crash: until something is written over it.
  if (!history_.last_error().empty()) next.totals.probes += 1;
  if (auto done = write(next, change); !done) return history_.failed(done.error()), done;
  last_commit_ = clock_.now();
  history_.worked(last_commit_ - start);
  if (freeze != nullptr)
    accounts_->adopt(next, *freeze);
  else
    accounts_->adopt(next.totals);
  written_ = std::move(next);
  return {};
}

Result<> Writer::write(Books& next, const Change& change) {
  Result<Transaction> transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  const Mark tail = next.totals.tail;
  if (change)
    if (auto done = change(next); !done) return done;
  if (auto done = prune(next, tail); !done) return done;
  if (auto done = ledger_.save(next, written_); !done) return done;
  return transaction->commit();
}

}  // namespace sluice::store
