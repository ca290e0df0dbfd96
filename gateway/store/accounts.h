#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/store/books.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// Settles on one account. `through` is the mark of the last settlement's position.
void settle(Account& account, std::span<const Store::Settlement> settlements, Mark through);

/// The books in memory: what everybody sees, in one consistent picture. Any thread, and never in the way of one that
/// writes to the disk. Totals are changed by the writing thread alone; cursors by it and by settle(), which therefore
/// waits while the writer holds a Freeze.
class Accounts {
 public:
  explicit Accounts(Books books) : books_(std::move(books)) {}

  /// While it lives, cursors stand still but for the writer that made it. One at a time.
  class Freeze {
   public:
    explicit Freeze(Accounts& accounts);
    ~Freeze();
    Freeze(const Freeze&) = delete;
    Freeze& operator=(const Freeze&) = delete;

   private:
    Accounts& accounts_;
  };

  Books books() const;
  std::int64_t outbox_bytes() const;

  /// Takes over the totals, and the clouds' accounts too if the writer held a freeze.
  void adopt(const Totals& totals);
  void adopt(const Books& books, const Freeze& freeze);

  struct Waiting {
    Mark cursor, tail;
  };
  /// Where `cloud` stands, if it is known.
  std::optional<Waiting> waiting(std::string_view cloud) const;
  /// The same, but never in the middle of a change.
  std::optional<Waiting> waiting_after_thaw(std::string_view cloud) const;

  /// Whether records are to be sent to it again.
  bool waits_again(std::string_view cloud) const;

  /// False if the cloud is not known.
  bool settle(std::string_view cloud, std::span<const Store::Settlement> settlements, Mark through);

  /// See Store::wait. A wake that comes between two waits of a cloud ends the next one.
  void wait(std::string_view cloud, Duration most, std::int64_t after);
  void wake();

  /// What was dropped since the last call.
  std::vector<Store::Dropped> take_dropped();

 private:
  std::optional<Waiting> place_of(std::string_view cloud) const;
  void note_dropped(const Account& before, const Account& after);

  mutable std::mutex mutex_;
  mutable std::condition_variable thawed_;
  std::condition_variable changed_;
  Books books_;
  bool frozen_ = false;
  std::vector<Store::Dropped> dropped_;
  std::uint64_t wakes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> wakes_seen_;
};

}  // namespace sluice::store
