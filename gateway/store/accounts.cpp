#include "gateway/store/accounts.h"

#include "gateway/core/assert.h"

namespace sluice::store {

namespace {

std::uint64_t& fate_of(Account& account, Settled fate) {
  switch (fate) {
    case Settled::delivered:
      return account.delivered;
    case Settled::rejected:
      return account.rejected;
    case Settled::skipped:
      return account.skipped;
  }
  SLUICE_ASSERT(!"a settlement has a fate");
}

}  // namespace

void settle(Account& account, std::span<const Store::Settlement> settlements, Mark through) {
  if (through.seq <= account.cursor.seq) return;
  for (const auto& [position, fate] : settlements) {
    if (position <= account.cursor.seq) continue;
    SLUICE_ASSERT(position == account.cursor.seq + 1);
    account.cursor.seq = position;
    fate_of(account, fate) += 1;
  }
  account.cursor = through;
}

Accounts::Freeze::Freeze(Accounts& accounts) : accounts_(accounts) {
  const std::lock_guard lock(accounts_.mutex_);
  SLUICE_ASSERT(!accounts_.frozen_);
  accounts_.frozen_ = true;
}

Accounts::Freeze::~Freeze() {
  {
    const std::lock_guard lock(accounts_.mutex_);
    accounts_.frozen_ = false;
  }
  accounts_.thawed_.notify_all();
}

Books Accounts::books() const {
  const std::lock_guard lock(mutex_);
  return books_;
}

std::int64_t Accounts::outbox_bytes() const {
  const std::lock_guard lock(mutex_);
  return books_.outbox_bytes();
}

void Accounts::adopt(const Totals& totals) {
  {
    const std::lock_guard lock(mutex_);
    books_.totals = totals;
  }
  changed_.notify_all();
}

void Accounts::adopt(const Books& books, const Freeze&) {
  {
    const std::lock_guard lock(mutex_);
    for (const Account& after : books.clouds)
      if (const Account* before = books_.find(after.name)) note_dropped(*before, after);
    books_ = books;
  }
  changed_.notify_all();
}

void Accounts::note_dropped(const Account& before, const Account& after) {
  const std::uint64_t by_size = after.dropped_size - before.dropped_size;
  const std::uint64_t by_age = after.dropped_age - before.dropped_age;
  if (by_size + by_age == 0) return;
  for (Store::Dropped& known : dropped_) {
    if (known.cloud != after.name) continue;
    known.by_size += by_size;
    known.by_age += by_age;
    return;
  }
  dropped_.push_back({after.name, by_size, by_age});
}

std::optional<Accounts::Waiting> Accounts::place_of(std::string_view cloud) const {
  const Account* account = books_.find(cloud);
  if (account == nullptr) return std::nullopt;
  return Waiting{account->cursor, books_.totals.tail};
}

std::optional<Accounts::Waiting> Accounts::waiting(std::string_view cloud) const {
  const std::lock_guard lock(mutex_);
  return place_of(cloud);
}

std::optional<Accounts::Waiting> Accounts::waiting_after_thaw(std::string_view cloud) const {
  std::unique_lock lock(mutex_);
  thawed_.wait(lock, [&] { return !frozen_; });
  return place_of(cloud);
}

bool Accounts::waits_again(std::string_view cloud) const {
  const std::lock_guard lock(mutex_);
  const Account* account = books_.find(cloud);
  return account != nullptr && account->again > 0;
}

bool Accounts::settle(std::string_view cloud, std::span<const Store::Settlement> settlements, Mark through) {
  std::unique_lock lock(mutex_);
  thawed_.wait(lock, [&] { return !frozen_; });
  Account* account = books_.find(cloud);
  if (account == nullptr) return false;
  store::settle(*account, settlements, through);
  return true;
}

void Accounts::wait(std::string_view cloud, Duration most, std::int64_t after) {
  std::unique_lock lock(mutex_);
  auto seen = wakes_seen_.find(cloud);
  if (seen == wakes_seen_.end()) seen = wakes_seen_.emplace(cloud, 0).first;
  changed_.wait_for(lock, most, [&] {
    const auto place = place_of(cloud);
    return seen->second != wakes_ || (place && std::max(place->cursor.seq, after) < place->tail.seq);
  });
  seen->second = wakes_;
}

void Accounts::wake() {
  {
    const std::lock_guard lock(mutex_);
    wakes_ += 1;
  }
  changed_.notify_all();
}

std::vector<Store::Dropped> Accounts::take_dropped() {
  const std::lock_guard lock(mutex_);
  return std::exchange(dropped_, {});
}

}  // namespace sluice::store
