#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/store/store.h"

namespace sluice::store {

/// What a store has to hold after all that it was told, with nothing but lists. Only how far clouds have come may be
/// behind in the file: a settlement may be lost.
struct Promised {
  struct Place {
    RecordId id;
    std::int64_t end = 0;  ///< sum of the sizes up to this record
  };
  struct Cloud {
    std::size_t begin = 0, cursor = 0;  ///< records of the log
    std::uint64_t delivered = 0, rejected = 0, skipped = 0, dropped = 0, replayed = 0;
  };
  struct Entry {
    std::string reason, cloud;
    bool again = false;  ///< waits for its cloud
  };

  std::vector<Place> log;  ///< every record ever, in order
  std::map<std::string, Cloud> clouds;
  MessageCounts messages;
  std::map<std::uint16_t, std::uint64_t> receipts;
  std::map<std::int64_t, Entry> quarantine;
  std::int64_t quarantine_last = 0;
  std::map<std::int64_t, KeptCommand> commands;
  std::map<std::int64_t, OwedAnswer> answers;
  std::map<std::string, KeptSetting> settings;  ///< by cloud, device and command
  std::map<std::string, std::optional<bool>> devices;

  void keep_clouds(std::span<const std::string> names);
  void append(const Batch& batch, const Limits& limits);
  void settle(const std::string& cloud, std::span<const Store::Settlement> settlements,
              std::span<const Quarantined> refused);
  void send_again(std::int64_t id);
  void settle_again(const Store::AgainSettlement& settlement);
  void replay(const Reread& message, const Limits& limits);

  /// Empty if that is what the store holds: each record with its id, in order, once, and all else. Else what is wrong.
  std::string differs(Store& store) const;

 private:
  void append_records(std::span<const Record> records, const Limits& limits);
  void put(const Quarantined& entry);
  std::string counts_differ(const Snapshot& shown) const;
  std::string cloud_differs(Store& store, const CloudCounts& counts) const;
  std::string quarantine_differs(Store& store) const;
  std::string inbox_differs(Store& store) const;
  std::string answers_differ(Store& store) const;
};

}  // namespace sluice::store
