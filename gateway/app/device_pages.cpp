#include "gateway/app/device_pages.h"

#include "gateway/core/json_object.h"
#include "gateway/normalize/schema.h"

namespace sluice::app {

namespace {

std::string_view word_of(flow::Presence presence) {
  switch (presence) {
    case flow::Presence::online:
      return "online";
    case flow::Presence::offline:
      return "offline";
    case flow::Presence::unknown:
    case flow::Presence::was_offline:
      break;
  }
  return "unknown";
}

void write_head(JsonObject& page, const flow::DeviceState& device) {
  page.text("device", device.name);
  page.text("presence", word_of(device.presence));
  page.time("since", device.since);
  const bool of_this_run = device.presence == flow::Presence::online || device.presence == flow::Presence::offline;
  if (!of_this_run && device.last_known) page.text("last_known", *device.last_known ? "online" : "offline");
  if (device.heard_at) page.time("heard_at", *device.heard_at);
}

std::string family_of(const std::string& device) {
  return device.substr(0, device.find('/'));
}

void append_commands(std::string& out, const std::string& family, const normalize::Commands& commands) {
  out += '[';
  for (const normalize::CommandSchema& command : commands.of_family(family)) {
    if (out.back() != '[') out += ',';
    JsonObject one(out);
    one.text("name", command.name);
    if (!command.about.empty()) one.text("about", command.about);
    JsonObject params(one.key("params"));
    for (const normalize::CommandSchema::Param& param : command.params) params.json(param.name, param.json_schema);
  }
  out += ']';
}

}  // namespace

std::string devices_json(std::span<const flow::DeviceState> devices) {
  std::string out = "[";
  for (const flow::DeviceState& device : devices) {
    if (out.size() > 1) out += ',';
    JsonObject one(out);
    write_head(one, device);
  }
  return out + "]";
}

std::string device_json(const flow::DeviceState& device, const normalize::Commands& commands) {
  std::string out;
  {
    JsonObject page(out);
    write_head(page, device);
    {
      JsonObject last(page.key("last"));
      for (const flow::DeviceState::Last& record : device.records) last.json(record.schema, record.data);
    }
    append_commands(page.key("commands"), family_of(device.name), commands);
  }
  return out;
}

}  // namespace sluice::app
