#include "gateway/app/device_pages.h"

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"
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

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_head(std::string& out, const flow::DeviceState& device) {
  out += "{\"device\":";
  append_json_string(out, device.name);
  append_member(out, "presence", word_of(device.presence));
  append_member(out, "since", rfc3339(device.since));
  const bool of_this_run = device.presence == flow::Presence::online || device.presence == flow::Presence::offline;
  if (!of_this_run && device.last_known) append_member(out, "last_known", *device.last_known ? "online" : "offline");
  if (device.heard_at) append_member(out, "heard_at", rfc3339(*device.heard_at));
}

std::string family_of(const std::string& device) {
  return device.substr(0, device.find('/'));
}

void append_commands(std::string& out, const std::string& family, const normalize::Commands& commands) {
  out += ",\"commands\":[";
  bool first = true;
  for (const normalize::CommandSchema& command : commands.of_family(family)) {
    out += first ? "{\"name\":" : ",{\"name\":";
    first = false;
    append_json_string(out, command.name);
    if (!command.about.empty()) append_member(out, "about", command.about);
    out += ",\"params\":{";
    for (std::size_t i = 0; i < command.params.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, command.params[i].name);
      out += ':' + command.params[i].json_schema;
    }
    out += "}}";
  }
  out += ']';
}

}  // namespace

std::string devices_json(std::span<const flow::DeviceState> devices) {
  std::string out = "[";
  for (const flow::DeviceState& device : devices) {
    if (out.size() > 1) out += ',';
    append_head(out, device);
    out += '}';
  }
  return out + "]";
}

std::string device_json(const flow::DeviceState& device, const normalize::Commands& commands) {
  std::string out;
  append_head(out, device);
  out += ",\"last\":{";
  for (std::size_t i = 0; i < device.records.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, device.records[i].schema);
    out += ':' + device.records[i].data;
  }
  out += '}';
  append_commands(out, family_of(device.name), commands);
  return out + '}';
}

}  // namespace sluice::app
