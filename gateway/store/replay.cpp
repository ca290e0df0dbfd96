// What the Writer does with quarantine once the cause is mended.
#include <utility>

#include "gateway/store/writer.h"

namespace sluice::store {

Result<std::vector<bool>> Writer::replay(std::span<const Reread> messages) {
  const std::lock_guard turn(turn_);
  std::int64_t size = 0;
  for (const Reread& message : messages)
    for (const Record& record : message.records) size += static_cast<std::int64_t>(record.size());
  const Result<bool> over = exceeds(size, false);
  if (!over) return over.error();
  const Accounts::Freeze freeze(*accounts_);
  std::vector<bool> there;
  const auto done = commit(accounts_->books(), &freeze, [&](Books& books) -> Result<> {
    for (const Reread& message : messages) {
      const Result<bool> put = put_reread(message, books);
      if (!put) return put.error();
      there.push_back(*put);
    }
    // A new reason may be longer.
    return quarantine_.keep_within(limits_.quarantine_size_max, books);
  });
  if (!done) return done.error();
  return there;
}

Result<bool> Writer::put_reread(const Reread& message, Books& next) {
  const Result<std::optional<Quarantine::Row>> row = quarantine_.find(message.id);
  if (!row) return row.error();
  if (!*row || !(*row)->cloud.empty()) return false;
  Totals& totals = next.totals;
  if (message.fate == Reread::Fate::quarantined) {
    const auto done = quarantine_.restate(**row, message.reason, message.schema, message.field, totals);
    return done ? Result<bool>(true) : done.error();
  }
  if (auto done = quarantine_.erase(**row, totals); !done) return done.error();
  const bool understood = message.fate == Reread::Fate::understood;
  SLUICE_ASSERT(totals.messages.quarantined > 0);
  totals.messages.quarantined -= 1;
  (understood ? totals.messages.understood : totals.messages.ignored) += 1;
  (understood ? totals.replayed_understood : totals.replayed_ignored) += 1;
  std::vector<Record> records = message.records;
  // What an earlier run of the machine left unmended nobody can mend: it stays marked.
  if (message.id <= totals.boot_quarantine)
    for (Record& record : records) record.boot_at.reset();
  if (auto done = put_records(records, next); !done) return done.error();
  return true;
}

Result<std::vector<Resent>> Writer::send_again(std::span<const std::int64_t> ids) {
  const std::lock_guard turn(turn_);
  const Accounts::Freeze freeze(*accounts_);
  std::vector<Resent> answers;
  const auto done = commit(accounts_->books(), &freeze, [&](Books& books) -> Result<> {
    for (const std::int64_t id : ids) {
      const Result<Resent> put = put_again(id, books);
      if (!put) return put.error();
      answers.push_back(*put);
    }
    return {};
  });
  if (!done) return done.error();
  return answers;
}

Result<Resent> Writer::put_again(std::int64_t id, Books& next) {
  const Result<std::optional<Quarantine::Row>> row = quarantine_.find(id);
  if (!row) return row.error();
  if (!*row || (*row)->cloud.empty() || (*row)->sent_again) return Resent::gone;
  Account* account = next.find((*row)->cloud);
  if (account == nullptr) return Resent::no_cloud;
  if ((*row)->counted && account->rejected > 0)
    account->rejected -= 1;
  else
    account->readmitted += 1;
  account->again += 1;
  account->again_bytes += (*row)->size;
  account->replayed += 1;
  if (auto done = quarantine_.mark(**row, true, false); !done) return done.error();
  return Resent::waits;
}

Result<> Writer::settle_again(std::string_view cloud, std::span<const Store::AgainSettlement> settlements) {
  const std::lock_guard turn(turn_);
  const Accounts::Freeze freeze(*accounts_);
  Books next = accounts_->books();
  if (next.find(cloud) == nullptr) return invalid("no cloud is named " + std::string(cloud));
  return commit(std::move(next), &freeze, [&](Books& books) -> Result<> {
    for (const Store::AgainSettlement& settlement : settlements)
      if (auto done = end_again(*books.find(cloud), settlement, books.totals); !done) return done;
    return quarantine_.keep_within(limits_.quarantine_size_max, books);
  });
}

Result<> Writer::end_again(Account& account, const Store::AgainSettlement& settlement, Totals& totals) {
  const Result<std::optional<Quarantine::Row>> row = quarantine_.find(settlement.id);
  if (!row) return row.error();
  if (!*row || !(*row)->sent_again || (*row)->cloud != account.name) return {};
  account.again -= 1;
  account.again_bytes -= (*row)->size;
  (settlement.delivered ? account.delivered : account.rejected) += 1;
  if (settlement.delivered) return quarantine_.erase(**row, totals);
  if (auto done = quarantine_.mark(**row, false, true); !done) return done;
  return quarantine_.restate(**row, settlement.reason, (*row)->schema, (*row)->field, totals);
}

Result<std::vector<bool>> Writer::discard(std::span<const std::int64_t> ids) {
  const std::lock_guard turn(turn_);
  std::vector<bool> there;
  const auto done = commit(accounts_->books(), nullptr, [&](Books& books) -> Result<> {
    for (const std::int64_t id : ids) {
      const Result<std::optional<Quarantine::Row>> row = quarantine_.find(id);
      if (!row) return row.error();
      there.push_back(*row && !(*row)->sent_again);
      if (!there.back()) continue;
      books.totals.quarantine_discarded += 1;
      if (auto erased = quarantine_.erase(**row, books.totals); !erased) return erased;
    }
    return {};
  });
  if (!done) return done.error();
  return there;
}

}  // namespace sluice::store
