#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/record.h"
#include "gateway/store/store.h"

namespace sluice::flow {

enum class Presence {
  unknown,      ///< it does not say, or nothing has been heard of it in this run
  was_offline,  ///< not heard in this run; offline when it was last
  offline,
  online,
};

/// A device as people see it.
struct DeviceState {
  std::string name;
  Presence presence = Presence::unknown;
  Timestamp since{};                    ///< of the presence; of one from an earlier run, when it was last known
  std::optional<bool> last_known{};     ///< from an earlier run
  std::optional<Timestamp> heard_at{};  ///< the last message, in this run
  std::optional<Instant> back_since{};  ///< it was seen to come online, and has not gone since
  struct Last {
    std::string schema, data;  ///< the newest record of each schema: a JSON object
  };
  std::vector<Last> records{};
};

/// Every device that has been heard, its presence and what it said last. Names and presence outlive a restart; until a
/// device is heard again its presence is unknown. Any thread.
///
/// Bounded: 10 000 devices (the ones that were heard longest ago go), 16 schemas a device, 16 MiB of records.
class Devices {
 public:
  static constexpr std::size_t devices_max = 10'000;
  static constexpr std::size_t schemas_max = 16;
  static constexpr std::size_t bytes_max = std::size_t{16} << 20;

  /// Takes over what the store knows.
  Devices(const store::Store& store, const Clock& clock, Log& log);

  /// Adds to the batch what must be stored with its records: devices that are new or gone, presence that
  /// changed.
  void prepare(store::Batch& batch);
  /// These records are durable.
  void note(std::span<const Record> records);
  /// What a retained message, or one on another connection, says of presence; nothing else of it counts. What must be
  /// stored is returned.
  std::vector<store::KnownDevice> note_presence(std::span<const Record> records);

  bool known(std::string_view name) const;
  Presence presence(std::string_view name) const;
  /// How long ago the device was seen to come online; nothing where it was there already.
  std::optional<Duration> back_for(std::string_view name) const;
  /// All names of a family, for suggestions; at most 1000.
  std::vector<std::string> names_of(std::string_view family) const;
  std::optional<DeviceState> find(std::string_view name) const;
  std::vector<DeviceState> all() const;  ///< by name, without their records

  /// Called, from whatever thread noted it, when a device has come online.
  void on_online(std::function<void()> call) { on_online_ = std::move(call); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void note_one(const Record& record);
  bool take_presence(DeviceState& device, const Record& record, bool online);
  void keep_record(DeviceState& device, const Record& record);
  void make_room();

  const Clock& clock_;
  std::function<void()> on_online_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, DeviceState, Hash, std::equal_to<>> devices_;
  std::size_t bytes_ = 0;
  std::vector<std::string> gone_;  ///< made room, and not stored as gone yet
  std::size_t gone_told_ = 0;      ///< so many of them are in the batch that was prepared last
};

/// What a record of kind presence says; nothing for other kinds.
std::optional<bool> online_of(const Record& record);

}  // namespace sluice::flow
