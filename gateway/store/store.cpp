#include "gateway/store/store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "gateway/store/accounts.h"
#include "gateway/store/cloud_reader.h"
#include "gateway/store/data_folder.h"
#include "gateway/store/open_database.h"
#include "gateway/store/quarantine_reader.h"
#include "gateway/store/set_aside.h"
#include "gateway/store/writer.h"

namespace sluice::store {

namespace {

Error no_cloud(std::string_view name) {
  return invalid("no cloud is named " + std::string(name));
}

CloudCounts counts_of(const Account& account, Mark tail) {
  CloudCounts counts;
  counts.name = account.name;
  counts.stored = account.stored(tail);
  counts.delivered = account.delivered;
  counts.rejected = account.rejected;
  counts.skipped = account.skipped;
  counts.dropped_size = account.dropped_size;
  counts.dropped_age = account.dropped_age;
  counts.dropped_damage = account.dropped_damage;
  counts.replayed = account.replayed;
  counts.backlog_records = static_cast<std::uint64_t>(tail.seq - account.cursor.seq) + account.again;
  counts.backlog_bytes = tail.bytes - account.cursor.bytes + account.again_bytes;
  return counts;
}

}  // namespace

MessageCounts& MessageCounts::operator+=(const MessageCounts& other) {
  received_qos0 += other.received_qos0;
  received_qos1 += other.received_qos1;
  understood += other.understood;
  ignored += other.ignored;
  quarantined += other.quarantined;
  redelivered += other.redelivered;
  return *this;
}

struct Store::State {
  using Readers = OpenDatabase::Readers;

  // In this order: the lock is let go last, and the writing connection closes last of its kind and clears up.
  DataFolder folder;
  std::string vfs;
  const Clock& clock;
  Log& log;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<QuarantineReader> quarantine;
  std::optional<Salvaged> salvaged;
  Readers readers;
  std::mutex readers_mutex{};  ///< guards those
  std::mutex damage_mutex{};   ///< guards what follows, and `salvaged`
  std::string damage{};

  std::filesystem::path file() const { return folder.path() / database_name; }

  std::shared_ptr<CloudReader> reader(std::string_view cloud) {
    const std::lock_guard lock(readers_mutex);
    const auto found = readers.find(cloud);
    return found != readers.end() ? found->second : nullptr;
  }

  /// When the oldest record was accepted that waits for this cloud, if that can be told.
  std::optional<Timestamp> oldest(const Account& account) {
    std::optional<Timestamp> found;
    if (const auto waiting = reader(account.name))
      if (const auto first = waiting->oldest(account.cursor)) found = *first;
    if (account.again == 0) return found;
    const auto first = quarantine->oldest_again(account.name);
    if (!first || !*first) return found;
    return found ? std::min(*found, **first) : **first;
  }

  Result<Readers> readers_for(const std::vector<std::string>& names) {
    Readers all;
    for (const std::string& name : names) {
      std::shared_ptr<CloudReader> known = reader(name);
      if (known == nullptr) {
        auto opened = CloudReader::open(file(), vfs);
        if (!opened) return opened.error();
        known = std::move(*opened);
      }
      all.emplace(name, std::move(known));
    }
    return all;
  }

  /// Passes on what comes from the database, and notes when that says that it is damaged.
  template <class Answer>
  Answer watched(Answer answer) {
    if (answer || answer.error().kind != ErrorKind::damaged) return answer;
    note_damage(answer.error().message);
    return storage_error(answer.error().message);
  }

  void note_damage(const std::string& what) {
    const std::lock_guard lock(damage_mutex);
    if (!damage.empty()) return;
    damage = what;
    const auto marked = mark_damaged(folder, what, clock.wall_time());
    log.error("store", file().string() + " is damaged (" + what +
                           "): the gateway ends, and its next start sets the file " +
                           "aside and saves what can be read" + (marked ? "" : "; " + marked.error().message));
  }

  Result<> refuse_damaged() {
    const std::lock_guard lock(damage_mutex);
    if (damage.empty()) return {};
    return storage_error(file().string() + " is damaged, and takes nothing more: start the gateway again");
  }

  void take(Readers all) {
    const std::lock_guard lock(readers_mutex);
    readers = std::move(all);
  }
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Store::~Store() {
  if (!damage().empty())
    state_->writer->abandon();
  else if (auto done = state_->writer->close(); !done)
    state_->log.error("store", "closing: " + done.error().message + "; what was delivered last may be sent again");
}

Result<std::unique_ptr<Store>> Store::open(const Options& options, const Clock& clock, Log& log) {
  Result<DataFolder> folder = DataFolder::open(options.data_dir);
  if (!folder) return folder.error();
  Result<OpenDatabase> database = open_database(*folder, options, clock, log);
  if (!database) return database.error();
  std::unique_ptr<State> state(new State{std::move(*folder), options.vfs, clock, log, std::move(database->writer),
                                         std::move(database->quarantine), std::move(database->salvaged),
                                         std::move(database->readers)});
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

Result<std::vector<Store::Forgotten>> Store::keep_clouds(const std::vector<std::string>& names) {
  auto readers = state_->readers_for(names);
  if (!readers) return readers.error();
  auto forgotten = state_->watched(state_->writer->keep_clouds(names));
  if (forgotten) state_->take(std::move(*readers));
  return forgotten;
}

void Store::limit(const Limits& limits) {
  state_->writer->limit(limits);
}

Result<> Store::append(const Batch& batch) {
  if (auto refused = state_->refuse_damaged(); !refused) return refused;
  return state_->watched(state_->writer->append(batch));
}

Result<> Store::ready() {
  if (auto refused = state_->refuse_damaged(); !refused) return refused;
  return state_->watched(state_->writer->ready());
}

Result<Page> Store::read(std::string_view cloud, const ReadLimits& limits) {
  Accounts& accounts = state_->writer->accounts();
  const std::shared_ptr<CloudReader> reader = state_->reader(cloud);
  const auto place = accounts.waiting(cloud);
  if (!reader || !place) return no_cloud(cloud);
  const Mark from{std::max(place->cursor.seq, limits.after), 0};
  if (from.seq >= place->tail.seq) return Page{.settled = place->cursor.seq};
  Result<Page> page = state_->watched(reader->page(from, place->tail, limits));
  if (!page) return page;
  page->settled = place->cursor.seq;
  const std::int64_t first = page->positions.empty() ? place->tail.seq + 1 : page->positions.front();
  if (first == from.seq + 1) return page;
  // Dropped in this very moment, or gone from the file: who only finds less would ask again and again.
  const auto later = accounts.waiting_after_thaw(cloud);
  if (later && std::max(later->cursor.seq, limits.after) + 1 < first)
    return state_->watched(
        Result<Page>(damaged_error("its log lacks records that " + std::string(cloud) + " waits for")));
  return page;
}

Result<> Store::settle(std::string_view cloud, std::span<const Settlement> settlements,
                       std::vector<Quarantined> refused) {
  if (settlements.empty() && refused.empty()) return {};
  const std::shared_ptr<CloudReader> reader = state_->reader(cloud);
  if (!reader) return no_cloud(cloud);
  Mark through;
  if (!settlements.empty()) {
    const Result<std::optional<Mark>> found = state_->watched(reader->mark(settlements.back().position));
    if (!found) return found.error();
    // A row that is gone was dropped while it was on its way: there is nothing left to settle.
    if (*found) through = **found;
  }
  if (!refused.empty()) return state_->watched(state_->writer->settle(cloud, settlements, through, refused));
  return state_->writer->accounts().settle(cloud, settlements, through) ? Result<>() : no_cloud(cloud);
}

Result<Page> Store::read_again(std::string_view cloud, const ReadLimits& limits) {
  if (!waits_again(cloud)) return Page{};
  return state_->watched(state_->quarantine->again(cloud, limits));
}

Result<> Store::settle_again(std::string_view cloud, std::span<const AgainSettlement> settlements) {
  return settlements.empty() ? Result<>() : state_->watched(state_->writer->settle_again(cloud, settlements));
}

bool Store::waits_again(std::string_view cloud) const {
  return state_->writer->accounts().waits_again(cloud);
}

void Store::wait(std::string_view cloud, Duration most, std::int64_t after) {
  state_->writer->accounts().wait(cloud, most, after);
}

void Store::wake() {
  state_->writer->accounts().wake();
}

Result<std::vector<Store::Dropped>> Store::step() {
  if (auto done = state_->watched(state_->writer->step()); !done) return done.error();
  return state_->writer->accounts().take_dropped();
}

std::optional<Store::Mended> Store::take_mended() {
  return state_->writer->take_mended();
}

std::optional<Store::Salvaged> Store::take_salvaged() {
  const std::lock_guard lock(state_->damage_mutex);
  return std::exchange(state_->salvaged, std::nullopt);
}

std::string Store::damage() const {
  const std::lock_guard lock(state_->damage_mutex);
  return state_->damage;
}

Snapshot Store::snapshot() const {
  const Books books = state_->writer->accounts().books();
  const Totals& totals = books.totals;
  Snapshot shown;
  shown.messages = totals.messages;
  shown.stored = static_cast<std::uint64_t>(totals.tail.seq);
  shown.quarantined_by_schema = totals.quarantined_by_schema;
  shown.quarantine_records = totals.quarantine_records;
  shown.quarantine_bytes = totals.quarantine_bytes;
  shown.quarantine_dropped = totals.quarantine_dropped;
  shown.quarantine_discarded = totals.quarantine_discarded;
  shown.replayed_understood = totals.replayed_understood;
  shown.replayed_ignored = totals.replayed_ignored;
  shown.outbox_bytes = books.outbox_bytes();
  shown.commands = totals.commands;
  for (const Account& account : books.clouds) {
    CloudCounts& counts = shown.clouds.emplace_back(counts_of(account, totals.tail));
    shown.quarantine_records -= account.again;
    shown.quarantine_bytes -= account.again_bytes;
    if (counts.backlog_records > 0) counts.oldest = state_->oldest(account);
  }
  return shown;
}

Result<QuarantinePage> Store::quarantine(const QuarantineFilter& filter, const QuarantineStretch& stretch) const {
  return state_->watched(state_->quarantine->page(filter, stretch));
}

Result<QuarantineGroups> Store::quarantine_groups(const QuarantineFilter& filter, const QuarantineBy& by) const {
  return state_->watched(state_->quarantine->groups(filter, by));
}

Result<std::optional<QuarantineEntry>> Store::quarantined(std::int64_t id) const {
  return state_->watched(state_->quarantine->find(id));
}

Result<std::vector<bool>> Store::replay(std::span<const Reread> messages) {
  return state_->watched(state_->writer->replay(messages));
}

Result<std::vector<Resent>> Store::send_again(std::span<const std::int64_t> ids) {
  auto answers = state_->watched(state_->writer->send_again(ids));
  if (answers) wake();
  return answers;
}

Result<std::vector<bool>> Store::discard(std::span<const std::int64_t> ids) {
  return state_->watched(state_->writer->discard(ids));
}

Result<std::vector<Receipt>> Store::receipts() const {
  return state_->watched(state_->writer->receipts());
}

Result<std::optional<KeptCommand>> Store::find_command(std::string_view id) const {
  return state_->watched(state_->writer->read_inbox([&](Inbox& inbox, DeviceList&) { return inbox.find(id); }));
}

Result<std::vector<KeptCommand>> Store::open_commands() const {
  return state_->watched(state_->writer->read_inbox([](Inbox& inbox, DeviceList&) { return inbox.open(); }));
}

Result<std::vector<KeptCommand>> Store::latest_commands(std::size_t count) const {
  return state_->watched(state_->writer->read_inbox([&](Inbox& inbox, DeviceList&) { return inbox.latest(count); }));
}

Result<std::vector<OwedAnswer>> Store::owed_answers(std::string_view cloud, std::size_t count) const {
  return state_->watched(
      state_->writer->read_inbox([&](Inbox& inbox, DeviceList&) { return inbox.owed(cloud, count); }));
}

Result<Store::InboxNumbers> Store::inbox_numbers() const {
  const auto numbers =
      state_->watched(state_->writer->read_inbox([](Inbox& inbox, DeviceList&) { return inbox.numbers(); }));
  if (!numbers) return numbers.error();
  return InboxNumbers{numbers->command, numbers->answer};
}

Result<std::vector<KeptSetting>> Store::settings() const {
  return state_->watched(state_->writer->read_inbox([](Inbox& inbox, DeviceList&) { return inbox.settings(); }));
}

Result<std::vector<KnownDevice>> Store::devices() const {
  return state_->watched(state_->writer->read_inbox([](Inbox&, DeviceList& devices) { return devices.all(); }));
}

int Store::unclean_ends() const {
  return static_cast<int>(state_->writer->accounts().books().totals.unclean_ends);
}

std::string Store::last_error() const {
  return state_->writer->history().last_error();
}

Store::CommitTimes Store::commit_times() const {
  return state_->writer->history().times();
}

}  // namespace sluice::store
