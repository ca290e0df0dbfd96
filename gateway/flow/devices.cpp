#include "gateway/flow/devices.h"

#include <algorithm>

namespace sluice::flow {

namespace {
constexpr std::ptrdiff_t room_made = 500;

bool is_of_a_device(const Record& record) {
  return record.kind == RecordKind::reading || record.kind == RecordKind::occurrence ||
         record.kind == RecordKind::presence || record.kind == RecordKind::raw;
}
}  // namespace

std::optional<bool> online_of(const Record& record) {
  if (record.kind != RecordKind::presence) return std::nullopt;
  // Inside a JSON string the quotes would be escaped.
  if (record.data.find(R"("online":true)") != std::string::npos) return true;
  if (record.data.find(R"("online":false)") != std::string::npos) return false;
  return std::nullopt;
}

Devices::Devices(const store::Store& store, const Clock& clock, Log& log) : clock_(clock) {
  const auto known = store.devices();
  if (!known) {
    log.warning("devices", "cannot read which devices are known: " + known.error().message);
    return;
  }
  for (const store::KnownDevice& device : *known) {
    DeviceState& state = devices_[device.name];
    state.name = device.name;
    state.since = device.since;
    state.last_known = device.online;
    if (device.online == false) state.presence = Presence::was_offline;
  }
}

void Devices::prepare(store::Batch& batch) {
  const std::lock_guard lock(mutex_);
  std::unordered_map<std::string_view, std::optional<bool>> heard;  // with the last presence that it says
  for (const Record& record : batch.records) {
    if (!is_of_a_device(record)) continue;
    std::optional<bool>& last = heard[record.device];
    if (const std::optional<bool> online = online_of(record)) last = online;
  }
  for (const auto& [name, online] : heard) {
    const auto found = devices_.find(name);
    const bool same = found != devices_.end() &&
                      (!online || found->second.presence == (*online ? Presence::online : Presence::offline));
    if (!same) batch.devices.push_back({std::string(name), online, clock_.wall_time()});
  }
  gone_told_ = batch.records.empty() ? 0 : gone_.size();
  for (std::size_t i = 0; i < gone_told_; ++i)
    if (!heard.contains(gone_[i]) && !devices_.contains(gone_[i])) batch.gone_devices.push_back(gone_[i]);
}

void Devices::note(std::span<const Record> records) {
  bool came_online = false;
  {
    const std::lock_guard lock(mutex_);
    gone_.erase(gone_.begin(), gone_.begin() + static_cast<std::ptrdiff_t>(gone_told_));
    gone_told_ = 0;
    for (const Record& record : records) {
      if (!is_of_a_device(record)) continue;
      note_one(record);
      came_online = came_online || online_of(record) == true;
    }
  }
  if (came_online && on_online_) on_online_();
}

void Devices::note_one(const Record& record) {
  auto found = devices_.find(record.device);
  if (found == devices_.end()) {
    make_room();
    found = devices_.emplace(record.device, DeviceState{}).first;
    found->second.name = record.device;
    found->second.since = clock_.wall_time();
  }
  DeviceState& device = found->second;
  device.heard_at = clock_.wall_time();
  if (const std::optional<bool> online = online_of(record)) take_presence(device, record, *online);
  keep_record(device, record);
}

bool Devices::take_presence(DeviceState& device, const Record& record, bool online) {
  const Presence now = online ? Presence::online : Presence::offline;
  if (device.presence == now) return false;
  device.presence = now;
  device.since = clock_.wall_time();
  // What the broker kept says how it has been, not that it has just come.
  const bool kept = record.data.find(R"("retained":true)") != std::string::npos;
  device.back_since = online && !kept ? std::optional(clock_.now()) : std::nullopt;
  return true;
}

void Devices::keep_record(DeviceState& device, const Record& record) {
  auto last = std::find_if(device.records.begin(), device.records.end(),
                           [&](const DeviceState::Last& each) { return each.schema == record.schema; });
  if (last == device.records.end()) {
    if (device.records.size() == schemas_max || bytes_ + record.data.size() > bytes_max) return;
    last = device.records.insert(device.records.end(), {record.schema, {}});
  }
  if (bytes_ + record.data.size() > bytes_max + last->data.size()) return;
  bytes_ = bytes_ + record.data.size() - last->data.size();
  last->data = record.data;
}

void Devices::make_room() {
  if (devices_.size() < devices_max) return;
  // Some at once, so that a flood of new names does not search for the oldest at each.
  using Heard = std::pair<Timestamp, std::string>;
  std::vector<Heard> all;
  all.reserve(devices_.size());
  for (const auto& [name, device] : devices_) all.emplace_back(device.heard_at.value_or(Timestamp::min()), name);
  std::nth_element(all.begin(), all.begin() + room_made, all.end());
  for (auto each = all.begin(); each != all.begin() + room_made; ++each) {
    const auto oldest = devices_.find(each->second);
    for (const DeviceState::Last& last : oldest->second.records) bytes_ -= last.data.size();
    devices_.erase(oldest);
    gone_.push_back(std::move(each->second));
  }
}

std::vector<store::KnownDevice> Devices::note_presence(std::span<const Record> records) {
  std::vector<store::KnownDevice> changed;
  bool came_online = false;
  {
    const std::lock_guard lock(mutex_);
    for (const Record& record : records) {
      const std::optional<bool> online = online_of(record);
      if (!online) continue;
      if (!devices_.contains(record.device)) make_room();
      DeviceState& device = devices_[record.device];
      device.name = record.device;
      if (!take_presence(device, record, *online)) continue;
      changed.push_back({device.name, online, device.since});
      came_online = came_online || *online;
    }
  }
  if (came_online && on_online_) on_online_();
  return changed;
}

bool Devices::known(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return devices_.contains(name);
}

Presence Devices::presence(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(name);
  return found == devices_.end() ? Presence::unknown : found->second.presence;
}

std::optional<Duration> Devices::back_for(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(name);
  if (found == devices_.end() || !found->second.back_since) return std::nullopt;
  return std::chrono::floor<Duration>(clock_.now() - *found->second.back_since);
}

std::vector<std::string> Devices::names_of(std::string_view family) const {
  constexpr std::size_t names_max = 1000;
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, device] : devices_) {
    if (names.size() == names_max) break;
    if (name.starts_with(family) && name.size() > family.size() && name[family.size()] == '/') names.push_back(name);
  }
  return names;
}

std::optional<DeviceState> Devices::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(name);
  if (found == devices_.end()) return std::nullopt;
  return found->second;
}

std::vector<DeviceState> Devices::all() const {
  std::vector<DeviceState> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(devices_.size());
    for (const auto& [name, device] : devices_)
      all.push_back({device.name, device.presence, device.since, device.last_known, device.heard_at, {}, {}});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

}  // namespace sluice::flow
