#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/record_id.h"
#include "gateway/store/store.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::store {

/// A store in a folder of its own, with the time in the test's hand; can be closed and opened again.
class Stage {
 public:
  explicit Stage(const std::filesystem::path& in = std::filesystem::temp_directory_path()) : folder(in), ids(clock) {
    options.data_dir = folder / "data";
  }

  Result<> open() {
    auto opened = Store::open(options, clock, log);
    if (!opened) return opened.error();
    store = std::move(*opened);
    return {};
  }
  Result<> open_again() {
    store.reset();
    return open();
  }

  /// A record of exactly `size` by Record::size(), its data telling its number.
  Record record(std::int64_t number = 0, std::size_t size = 200) {
    Record made{.id = ids.next(),
                .kind = RecordKind::reading,
                .device = "d/1",
                .schema = "s/1",
                .time = clock.wall_time(),
                .data = "{\"n\":" + std::to_string(number) + "}"};
    if (made.size() < size) made.data.insert(made.data.size() - 1, size - made.size(), ' ');
    return made;
  }

  /// `count` records, as so many QoS 1 messages would bring them.
  Batch batch(std::size_t count, std::size_t size = 200) {
    Batch made;
    for (std::size_t i = 0; i < count; ++i) made.records.push_back(record(number_++, size));
    made.counts.received_qos1 = made.counts.understood = count;
    return made;
  }

  CloudCounts cloud(std::string_view name) const {
    for (const CloudCounts& each : store->snapshot().clouds)
      if (each.name == name) return each;
    return {};
  }

  std::filesystem::path file() const { return options.data_dir / "sluice.db"; }

  stage::TempFolder folder;
  stage::FakeClock clock;
  stage::RecordingLog log;
  RecordIds ids;
  Store::Options options;
  std::unique_ptr<Store> store;

 private:
  std::int64_t number_ = 0;
};

/// The folder as a process that is killed now would leave it, in `to`: its files as they are on the disk.
inline void copy_as_killed(const Stage& from, Stage& to) {
  std::filesystem::create_directories(to.options.data_dir);
  for (const char* name : {"sluice.db", "sluice.db-wal"})
    std::filesystem::copy_file(from.options.data_dir / name, to.options.data_dir / name,
                               std::filesystem::copy_options::overwrite_existing);
}

/// Makes a database of version 3 of a present one, but for its `user_version`.
inline constexpr const char* undo_later_steps =
    "DROP TABLE sent_again; ALTER TABLE quarantine DROP COLUMN original; ALTER TABLE quarantine DROP COLUMN counted;"
    "DROP INDEX unsynced_log; ALTER TABLE log DROP COLUMN boot_at;"
    "DROP INDEX unsynced_quarantine; ALTER TABLE quarantine DROP COLUMN boot_at;";

/// Settles a whole page with one fate.
inline Result<> settle_all(Store& store, std::string_view cloud, const Page& page, Settled fate = Settled::delivered) {
  std::vector<Store::Settlement> settlements;
  for (const std::int64_t position : page.positions) settlements.push_back({position, fate});
  return store.settle(cloud, settlements);
}

/// Both equations of a snapshot; the message of an assertion says which does not hold.
inline std::string broken_equation(const Snapshot& shown) {
  const MessageCounts& messages = shown.messages;
  if (messages.received() != messages.understood + messages.ignored + messages.quarantined + messages.redelivered)
    return "messages";
  for (const CloudCounts& cloud : shown.clouds)
    if (cloud.stored != cloud.delivered + cloud.rejected + cloud.skipped + cloud.dropped_size + cloud.dropped_age +
                            cloud.dropped_damage + cloud.backlog_records)
      return "cloud " + cloud.name;
  return "";
}

}  // namespace sluice::store
