#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/core/result.h"
#include "gateway/store/kept_command.h"
#include "gateway/store/quarantined.h"

namespace sluice::store {

/// Named by what it survives: a power cut (synchronous=FULL), or only the end of the process (NORMAL).
enum class Durability { power_cut, process_crash };
enum class WhenFull { drop_oldest, hold };

struct Limits {
  std::int64_t size_max = std::int64_t{1} << 30;  ///< sum of Record::size() of what is in the outbox
  Duration age_max = std::chrono::days(30);
  WhenFull when_full = WhenFull::drop_oldest;
  std::int64_t quarantine_size_max = std::int64_t{64} << 20;
  Duration quarantine_age_max = std::chrono::days(90);

  bool operator==(const Limits&) const = default;
};

/// What became of messages (P2). Each message is counted once in `received` and once in one of the four fates. One that
/// is read again from quarantine moves from there to its new fate.
struct MessageCounts {
  std::uint64_t received_qos0 = 0, received_qos1 = 0;
  std::uint64_t understood = 0, ignored = 0, quarantined = 0, redelivered = 0;

  MessageCounts& operator+=(const MessageCounts& other);
  std::uint64_t received() const { return received_qos0 + received_qos1; }
};

/// A QoS 1 message that was stored, so that its redelivery can be recognised (P3).
struct Receipt {
  std::uint16_t packet_id = 0;
  std::uint64_t digest = 0;
};

/// What one group commit makes durable, all or nothing. A full buffer that holds takes the outcomes that come
/// with changes of commands all the same.
struct Batch {
  std::vector<Record> records{};
  std::vector<Quarantined> quarantined{};
  std::vector<Receipt> receipts{};
  bool forget_receipts = false;  ///< before `receipts` are added: the broker's session is new
  MessageCounts counts{};

  std::vector<KeptCommand> commands{};   ///< new ones, with ids that are not known yet
  std::vector<CommandChange> changes{};  ///< of commands that have not ended
  std::vector<OwedAnswer> answers{};     ///< to be told; the same about the same command is owed once
  std::vector<std::int64_t> told{};      ///< numbers of answers
  std::vector<KeptSetting> settings{};   ///< new, or changed
  std::vector<KnownDevice> devices{};    ///< new ones, and changed presence
  std::vector<std::string> gone_devices{};
};

/// What became of one record at one cloud.
enum class Settled { delivered, rejected, skipped };

/// Records of the outbox as one cloud reads them. `positions[i]` is the place of `records[i]` in the log; of those that
/// are sent again, their number in quarantine.
struct Page {
  std::vector<Record> records{};
  std::vector<std::int64_t> positions{};
  std::int64_t settled = 0;  ///< what the cloud has settled or lost by then
};

struct CloudCounts {
  std::string name;
  std::uint64_t stored = 0, delivered = 0, rejected = 0, skipped = 0, dropped_size = 0, dropped_age = 0,
                dropped_damage = 0;
  std::uint64_t replayed = 0;  ///< moved from `rejected` back to the backlog, so far
  std::uint64_t backlog_records = 0;
  std::int64_t backlog_bytes = 0;
  std::optional<Timestamp> oldest;  ///< acceptance of the oldest waiting record
};

/// One consistent picture: both equations of P2 hold in it exactly.
struct Snapshot {
  MessageCounts messages;
  std::uint64_t stored = 0;                                                  ///< records, since the database began
  std::vector<CloudCounts> clouds;                                           ///< in the order of keep_clouds()
  std::vector<std::pair<std::string, std::uint64_t>> quarantined_by_schema;  ///< messages, since the database began
  std::uint64_t quarantine_records = 0;
  std::int64_t quarantine_bytes = 0;
  std::uint64_t quarantine_dropped = 0;                         ///< let go by quarantine's own bounds
  std::uint64_t quarantine_discarded = 0;                       ///< let go by hand
  std::uint64_t replayed_understood = 0, replayed_ignored = 0;  ///< messages: what they have become
  std::int64_t outbox_bytes = 0;
  CommandCounts commands;
};

/// The gateway's one database, `data_dir`/sluice.db: the outbox (an append-only log with a cursor a cloud), quarantine,
/// receipts and counters. Any thread; writers take turns, each cloud reads on its own connection and holds no
/// transaction after read() has returned.
///
/// Durability: append() returns after COMMIT (and fsync under power_cut). settle() may ride on the next commit: losing
/// it costs a repeat under the same id, never a loss.
class Store {
 public:
  struct Options {
    std::filesystem::path data_dir{};
    Durability durability = Durability::power_cut;
    Limits limits{};
    std::string vfs{};  ///< for tests: the registered SQLite VFS to use; empty: the system's
  };

  /// Makes data_dir (0750) if need be, locks it (a second instance gets a config error naming the holder's pid), opens
  /// or makes the database, migrates it up. A database of a newer version, or of something else, is refused and not
  /// touched. One that is damaged is set aside under a dated name, and what can be read of it is saved into a new one:
  /// see take_salvaged. Damage is looked for in what is read here, and in all of it as far as that is quick.
  static Result<std::unique_ptr<Store>> open(const Options& options, const Clock& clock, Log& log);
  ~Store();  ///< writes what is pending and closes; a clean end

  /// The clouds of the configuration. One that is new begins at the present end of the outbox; one that is gone is
  /// forgotten with its cursor and counters, so that it never pins the disk. Returns what was let go, for the log.
  struct Forgotten {
    std::string cloud;
    std::uint64_t backlog_records = 0;
  };
  Result<std::vector<Forgotten>> keep_clouds(const std::vector<std::string>& names);

  /// Keeps within these bounds from now on.
  void limit(const Limits& limits);

  /// Appends everything in `batch`, durable on return. An error of kind storage: nothing of it is durable and nothing
  /// may be acknowledged (a full buffer under `hold` is one).
  Result<> append(const Batch& batch);

  /// Whether append could succeed now; under `hold`, below 90 % of size_max. Writes a probe if the last append failed.
  Result<> ready();

  struct ReadLimits {
    std::size_t count_max = 500;
    std::int64_t bytes_max = std::int64_t{256} * 1024;
    bool payloads = false;   ///< with the devices' own payloads, where they were kept
    std::int64_t after = 0;  ///< only records behind this position, where that is not settled yet
  };
  /// The oldest records that `cloud` has not settled, in order; at least one if there is any, however large. Empty:
  /// none.
  Result<Page> read(std::string_view cloud, const ReadLimits& limits);

  /// Settles the records at the front of what `cloud` waits for: positions ascending, without gaps, from the cursor on.
  /// Positions at or before the cursor (dropped meanwhile) are passed over. `refused` go to quarantine with it, durable
  /// when the settling is.
  struct Settlement {
    std::int64_t position = 0;
    Settled fate = Settled::delivered;
  };
  Result<> settle(std::string_view cloud, std::span<const Settlement> settlements,
                  std::vector<Quarantined> refused = {});

  /// The records that `cloud` is to be sent again, oldest first; empty: none. They belong to its backlog.
  Result<Page> read_again(std::string_view cloud, const ReadLimits& limits);
  /// What has become of them: delivered ones are gone, rejected ones are in quarantine again, with the new reason. What
  /// the bounds of quarantine have dropped meanwhile is passed over. Durable on return.
  struct AgainSettlement {
    std::int64_t id = 0;
    bool delivered = false;
    std::string reason{};
  };
  Result<> settle_again(std::string_view cloud, std::span<const AgainSettlement> settlements);
  /// Whether there are any. Cheap.
  bool waits_again(std::string_view cloud) const;

  /// Blocks until records behind what `cloud` has settled, and behind `after`, may be there, `wake` is called, or
  /// `most` has passed.
  void wait(std::string_view cloud, Duration most, std::int64_t after = 0);
  void wake();

  /// Housekeeping, in small steps: flushes pending settlements, drops by age, prunes what every cloud has settled,
  /// keeps quarantine within its bounds, and mends what came before the clock was synced (see take_mended). Age acts
  /// only while the clock is synced and has not jumped by more than a minute in the last hour. Returns what was dropped
  /// since the last call, for a notice.
  struct Dropped {
    std::string cloud;
    std::uint64_t by_size = 0, by_age = 0;
  };
  Result<std::vector<Dropped>> step();

  /// Records whose times step() has moved since the clock was synced: those that came before that, in this run of the
  /// machine, and still waited for a cloud. Told once, when all are done.
  struct Mended {
    std::uint64_t records = 0;
    Duration wrong{};  ///< what the clock was behind when the last of them came
  };
  std::optional<Mended> take_mended();

  /// What was saved of a damaged database by open(). Told once.
  struct Salvaged {
    std::string why{}, file{};   ///< what was found; the name of the old file, beside the new one
    std::uint64_t records = 0;   ///< that wait for a cloud
    std::uint64_t lost = 0;      ///< that waited for a cloud, counted as dropped; summed up over the clouds
    bool counters = true;        ///< false: all counters begin anew, and what is lost is not known
    bool inbox = true;           ///< false: commands may be forgotten
    std::uint64_t commands = 0;  ///< known ones
    std::uint64_t quarantine = 0, quarantine_lost = 0;  ///< entries
  };
  std::optional<Salvaged> take_salvaged();

  /// Damage that was met while running, empty if there is none. Nothing is appended from then on; a mark is left for
  /// the next open(), which sets the file aside and salvages it: the process is to end soon.
  std::string damage() const;

  Snapshot snapshot() const;

  /// Quarantine as people see it: without what is being sent again, which belongs to a backlog; quarantined() finds
  /// that too. Reads on a connection of its own.
  Result<QuarantinePage> quarantine(const QuarantineFilter& filter, const QuarantineStretch& stretch) const;
  Result<QuarantineGroups> quarantine_groups(const QuarantineFilter& filter, const QuarantineBy& by) const;
  Result<std::optional<QuarantineEntry>> quarantined(std::int64_t id) const;

  /// Messages that were read again: in one commit their records are appended, they leave quarantine, and the counts
  /// move; one that cannot be read still stays with its new reason. Answers which were (still) there: of the others
  /// nothing is appended. Errors as with append.
  Result<std::vector<bool>> replay(std::span<const Reread> messages);
  /// Puts refused records into their cloud's backlog, and no other's, under the same ids: `rejected` becomes `backlog`.
  Result<std::vector<Resent>> send_again(std::span<const std::int64_t> ids);
  /// Lets entries go. Answers which were there.
  Result<std::vector<bool>> discard(std::span<const std::int64_t> ids);

  /// The digest of the last stored QoS 1 message with each packet id, while fewer than 32 768 QoS 1 messages have been
  /// stored after it (half of the id space, so that an id the broker gives anew is never taken for the old one).
  Result<std::vector<Receipt>> receipts() const;

  /// The inbox. A command that is known may have been forgotten when it had ended: after 7 days, or behind 100 000.
  Result<std::optional<KeptCommand>> find_command(std::string_view id) const;
  Result<std::vector<KeptCommand>> open_commands() const;                     ///< not ended, in order
  Result<std::vector<KeptCommand>> latest_commands(std::size_t count) const;  ///< newest first
  Result<std::vector<OwedAnswer>> owed_answers(std::string_view cloud, std::size_t count) const;
  struct InboxNumbers {
    std::int64_t command = 0, answer = 0;
  };
  Result<InboxNumbers> inbox_numbers() const;  ///< the last ones given
  Result<std::vector<KeptSetting>> settings() const;
  Result<std::vector<KnownDevice>> devices() const;

  /// Unclean ends in a row: counted up at open, set back by the first append with messages and by a clean close.
  int unclean_ends() const;

  /// The error of the last failed write, empty since the next one that worked: for /healthz.
  std::string last_error() const;

  /// Seconds that commits took, for the histogram: cumulative counts at these upper bounds.
  struct CommitTimes {
    std::vector<std::pair<double, std::uint64_t>> buckets;
    double sum = 0;
    std::uint64_t count = 0;
  };
  CommitTimes commit_times() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The version of the SQLite library at run time.
std::string_view sqlite_version();

}  // namespace sluice::store
