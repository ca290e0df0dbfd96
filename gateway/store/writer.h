#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"
#include "gateway/store/accounts.h"
#include "gateway/store/books.h"
#include "gateway/store/clock_trust.h"
#include "gateway/store/database.h"
#include "gateway/store/device_list.h"
#include "gateway/store/inbox.h"
#include "gateway/store/ledger.h"
#include "gateway/store/quarantine.h"
#include "gateway/store/receipts.h"
#include "gateway/store/record_log.h"
#include "gateway/store/store.h"
#include "gateway/store/unsynced_rows.h"
#include "gateway/store/write_history.h"

namespace sluice::store {

/// The one connection that writes. Every change follows one road: copy the books, write rows and the changed numbers in
/// one transaction, and let memory show the new books only once COMMIT has returned. Whatever settle() has put into the
/// books meanwhile rides along with the next change. Any thread; they take turns.
class Writer {
 public:
  /// The file must exist. Counts an unclean end of the last run. An error of kind damaged leaves the files as they
  /// were.
  static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& file, const Store::Options& options,
                                              const Clock& clock, Log& log);

  void limit(const Limits& limits);
  Result<> append(const Batch& batch);
  Result<> ready();
  Result<> settle(std::string_view cloud, std::span<const Store::Settlement> settlements, Mark through,
                  std::span<const Quarantined> refused);
  Result<std::vector<bool>> replay(std::span<const Reread> messages);
  Result<std::vector<Resent>> send_again(std::span<const std::int64_t> ids);
  Result<> settle_again(std::string_view cloud, std::span<const Store::AgainSettlement> settlements);
  Result<std::vector<bool>> discard(std::span<const std::int64_t> ids);
  Result<std::vector<Store::Forgotten>> keep_clouds(const std::vector<std::string>& names);
  Result<> step();
  std::optional<Store::Mended> take_mended();
  Result<std::vector<Receipt>> receipts();
  /// Reads of the inbox and the devices, in turn with what writes.
  template <class Read>
  auto read_inbox(const Read& read) {
    const std::lock_guard turn(turn_);
    return read(inbox_, devices_);
  }
  /// Writes what is pending. A clean end.
  Result<> close();
  /// The file is damaged: it stays as it is, and its log beside it.
  void abandon();

  Accounts& accounts() { return *accounts_; }
  const WriteHistory& history() const { return history_; }

 private:
  Writer(const Store::Options& options, const Clock& clock, Log& log)
      : clock_(clock), history_(log), limits_(options.limits) {}

  Result<> prepare(const std::filesystem::path& file, const Store::Options& options);
  Result<Books> load(bool log_was_there);
  Result<> measure(const Books& books);
  Result<> look_over(const Totals& totals) const;

  /// Writes what lies in rows, and may still change the books it is given.
  using Change = std::function<Result<>(Books&)>;
  Result<> commit(Books next, const Accounts::Freeze* freeze, const Change& change);
  Result<> write(Books& next, const Change& change);

  /// Whether the outbox would be over its bound with so much more; an error where it holds what it has instead, unless
  /// it `must` take this.
  Result<bool> exceeds(std::int64_t more, bool must) const;
  Result<> put_rows(const Batch& batch, Books& next);
  Result<> put_records(std::span<const Record> records, Books& next);
  Result<> put_quarantined(std::span<const Quarantined> entries, Books& next);
  Result<bool> put_reread(const Reread& message, Books& next);
  Result<Resent> put_again(std::int64_t id, Books& next);
  Result<> end_again(Account& account, const Store::AgainSettlement& settlement, Totals& totals);
  Result<> make_room(Books& next);
  Result<> prune(Books& next, Mark tail_before);
  Result<bool> drop_aged(Books& next);
  Result<> mend_unsynced();
  bool flush_due(const Books& next) const;

  const Clock& clock_;
  WriteHistory history_;

  std::mutex turn_;  ///< held through every change; guards all that follows
  Limits limits_;
  Database database_;
  Ledger ledger_;
  RecordLog log_;
  Quarantine quarantine_;
  Receipts receipts_;
  Inbox inbox_;
  DeviceList devices_;
  UnsyncedRows unsynced_;
  Books written_;  ///< as the file has them
  std::unique_ptr<Accounts> accounts_;
  ClockTrust trust_;
  Instant last_commit_{};
  std::int64_t undated_ = 0;  ///< see RecordLog::aged
  Store::Mended mending_;     ///< so far
  std::optional<Store::Mended> mended_;
};

}  // namespace sluice::store
