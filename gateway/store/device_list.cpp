#include "gateway/store/device_list.h"

namespace sluice::store {

namespace {
constexpr auto sql_put = "REPLACE INTO devices (name, online, since) VALUES (?, ?, ?)";
constexpr auto sql_drop = "DELETE FROM devices WHERE name = ?";
constexpr auto sql_all = "SELECT name, coalesce(online, -1), since FROM devices ORDER BY name";
}  // namespace

Result<DeviceList> DeviceList::prepare(const Database& database) {
  DeviceList list;
  const auto prepared = database.prepare({{list.put_, sql_put}, {list.drop_, sql_drop}, {list.all_, sql_all}});
  if (!prepared) return prepared.error();
  return list;
}

Result<> DeviceList::put(std::span<const KnownDevice> devices) {
  for (const KnownDevice& device : devices) {
    put_.bind(1, device.name).bind(3, device.since.time_since_epoch().count());
    if (device.online)
      put_.bind(2, *device.online ? 1 : 0);
    else
      put_.bind_null(2);
    if (auto done = put_.run(); !done) return done;
  }
  return {};
}

Result<> DeviceList::drop(std::span<const std::string> names) {
  for (const std::string& name : names)
    if (auto done = drop_.bind(1, name).run(); !done) return done;
  return {};
}

Result<std::vector<KnownDevice>> DeviceList::all() {
  const Rewind at_end(all_);
  std::vector<KnownDevice> all;
  for (;;) {
    const Result<bool> row = all_.next();
    if (!row) return row.error();
    if (!*row) return all;
    KnownDevice& device = all.emplace_back();
    device.name = all_.text(0);
    if (all_.number(1) >= 0) device.online = all_.number(1) == 1;
    device.since = Timestamp(Duration(all_.number(2)));
  }
}

}  // namespace sluice::store
