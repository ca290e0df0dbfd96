// What the Writer does beside appending: room, pruning, age, and writing what has waited.
#include <algorithm>
#include <utility>

#include "gateway/store/writer.h"

namespace sluice::store {

namespace {

using namespace std::chrono_literals;

// Rows go by whole pages: what is settled waits until a few pages are full of it.
constexpr std::int64_t prune_rows_min = 256;
constexpr std::int64_t prune_bytes_min = std::int64_t{256} * 1024;
// How much goes at once, so that a long backlog that was settled does not stall anybody.
constexpr std::int64_t prune_rows_max = 2000;
constexpr std::int64_t prune_bytes_max = 8 << 20;

constexpr int quarantine_drop_max = 500;
constexpr int commands_drop_max = 500;
constexpr Duration commands_age_max = 7 * 24h;
constexpr Duration settlements_wait_max = 500ms;
constexpr Duration counts_wait_max = 1min;

void drop(Account& cloud, Mark through, std::uint64_t Account::*fate) {
  if (cloud.cursor.seq >= through.seq) return;
  cloud.*fate += static_cast<std::uint64_t>(through.seq - cloud.cursor.seq);
  cloud.cursor = through;
}

}  // namespace

Result<> Writer::make_room(Books& next) {
  const Mark tail = next.totals.tail;
  if (next.outbox_bytes() <= limits_.size_max) return {};
  const Result<Mark> through = log_.reach(next.settled_by_all(), tail, tail.bytes - limits_.size_max);
  if (!through) return through.error();
  for (Account& cloud : next.clouds) drop(cloud, *through, &Account::dropped_size);
  return {};
}

Result<> Writer::prune(Books& next, Mark tail_before) {
  const Mark from = next.totals.pruned;
  Mark through = next.settled_by_all();
  const std::int64_t rows = through.seq - from.seq;
  if (rows < prune_rows_min && through.bytes - from.bytes < prune_bytes_min) return {};
  // Faster than rows come, so that what waits to be pruned never grows.
  const Mark tail = next.totals.tail;
  const std::int64_t rows_max = std::max(prune_rows_max, 2 * (tail.seq - tail_before.seq));
  const std::int64_t bytes_max = std::max(prune_bytes_max, 2 * (tail.bytes - tail_before.bytes));
  if (rows > rows_max) {
    const Result<Mark> nearer = log_.mark(from.seq + rows_max);
    if (!nearer) return nearer.error();
    through = *nearer;
  }
  if (through.bytes - from.bytes > bytes_max) {
    const Result<Mark> nearer = log_.reach(from, through, from.bytes + bytes_max);
    if (!nearer) return nearer.error();
    through = *nearer;
  }
  next.totals.pruned = through;
  return log_.erase(from.seq, through.seq);
}

Result<> Writer::step() {
  const std::lock_guard turn(turn_);
  trust_.look(clock_);
  if (auto done = mend_unsynced(); !done) return done;
  std::optional<Accounts::Freeze> freeze(std::in_place, *accounts_);
  Books next = accounts_->books();
  const Result<bool> aged = drop_aged(next);
  if (!aged) return history_.failed(aged.error()), aged.error();
  const Timestamp oldest = clock_.wall_time() - limits_.quarantine_age_max;
  const Result<bool> old_in_quarantine = trust_.holds() ? quarantine_.has_older(oldest) : Result<bool>(false);
  if (!old_in_quarantine) return history_.failed(old_in_quarantine.error()), old_in_quarantine.error();
  if (!*aged && !*old_in_quarantine) freeze.reset();
  const Timestamp oldest_command = clock_.wall_time() - commands_age_max;
  const Result<bool> old_commands = trust_.holds() ? inbox_.has_older(oldest_command) : Result<bool>(false);
  if (!old_commands) return history_.failed(old_commands.error()), old_commands.error();
  const bool failing = !history_.last_error().empty();
  if (!*aged && !*old_in_quarantine && !*old_commands && !failing && !flush_due(next)) return {};
  return commit(std::move(next), freeze ? &*freeze : nullptr, [&](Books& books) -> Result<> {
    if (*old_commands)
      if (auto done = inbox_.drop_older(oldest_command, commands_drop_max); !done) return done;
    if (!*old_in_quarantine) return {};
    return quarantine_.drop_older(oldest, quarantine_drop_max, books);
  });
}

Result<> Writer::mend_unsynced() {
  if (!clock_.synced()) return {};
  Books next = accounts_->books();
  const Totals& totals = next.totals;
  // What every cloud has settled stays as it was sent.
  const UnsyncedRows::From from{std::max(totals.boot_seq, next.settled_by_all().seq), totals.boot_quarantine};
  const Result<bool> any = unsynced_.any(from);
  if (!any) return history_.failed(any.error()), any.error();
  if (!*any) {
    if (mending_.records > 0) mended_ = std::exchange(mending_, {});
    return {};
  }
  Store::Mended mended;
  const auto mend = [&](Books&) -> Result<> {
    const Result<Store::Mended> some = unsynced_.mend(from, started_at(clock_));
    if (!some) return some.error();
    mended = *some;
    return {};
  };
  if (auto done = commit(std::move(next), nullptr, mend); !done) return done;
  mending_ = {mending_.records + mended.records, mended.records > 0 ? mended.wrong : mending_.wrong};
  undated_ = 0;
  return {};
}

std::optional<Store::Mended> Writer::take_mended() {
  const std::lock_guard turn(turn_);
  return std::exchange(mended_, std::nullopt);
}

Result<bool> Writer::drop_aged(Books& next) {
  if (!trust_.holds()) return false;
  const Timestamp now = clock_.wall_time();
  const RecordLog::Age age{.oldest = now - limits_.age_max, .now = now};
  std::vector<Account*> clouds;
  for (Account& cloud : next.clouds) clouds.push_back(&cloud);
  // From the one furthest behind: what it finds undated is undated for all.
  std::sort(clouds.begin(), clouds.end(), [](auto* a, auto* b) { return a->cursor.seq < b->cursor.seq; });
  bool any = false;
  for (Account* cloud : clouds) {
    const Result<Mark> through = log_.aged(age, cloud->cursor, next.totals.tail, undated_);
    if (!through) return through.error();
    any = any || through->seq > cloud->cursor.seq;
    drop(*cloud, *through, &Account::dropped_age);
  }
  return any;
}

bool Writer::flush_due(const Books& next) const {
  const auto waited = clock_.now() - last_commit_;
  const Mark pruned = next.totals.pruned, settled = next.settled_by_all();
  if (settled.seq - pruned.seq >= prune_rows_min || settled.bytes - pruned.bytes >= prune_bytes_min) return true;
  if (waited >= settlements_wait_max && next.clouds != written_.clouds) return true;
  return waited >= counts_wait_max && next.totals.messages.received() != written_.totals.messages.received();
}

}  // namespace sluice::store
