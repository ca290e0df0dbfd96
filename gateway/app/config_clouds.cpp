#include "gateway/app/config_clouds.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace sluice::app {

using namespace std::chrono_literals;
namespace {

std::vector<Value> read_wanted(Section& only, std::string_view key) {
  if (const auto* node = only.find(key); node != nullptr && node->is_sequence() && node->items.empty())
    only.fail(key, "is an empty list and would let nothing through; take it away to let everything through");
  return only.list(key);
}

void read_only(Section& uplink, flow::Only& wanted) {
  Section only = uplink.section("only");
  for (Value& device : read_wanted(only, "devices")) wanted.devices.push_back(std::move(device.text));
  for (Value& schema : read_wanted(only, "schemas")) wanted.schemas.push_back(std::move(schema.text));
  for (const Value& kind : read_wanted(only, "kinds")) {
    if (const auto known = record_kind(kind.text)) {
      wanted.kinds.push_back(*known);
      continue;
    }
    const std::string hint =
        normalize::did_you_mean(kind.node->text, {"reading", "occurrence", "presence", "outcome", "raw", "notice"});
    only.fail_at(kind.node->place, "kinds",
                 "'" + kind.node->text +
                     "' is not a kind; there are reading, occurrence, presence, outcome, raw and notice" + hint);
  }
}

void read_thin(Section& uplink, flow::Thin& thin) {
  Section section = uplink.section("thin");
  section.duration("every", thin.every, {1s, 24h});
  section.flag("on_change", thin.on_change);
  if (uplink.has("thin") && !section.has("every") && !section.has("on_change"))
    uplink.fail("thin", "says nothing; write every: 60s, on_change: true, or both");
}

void read_name(Section& cloud, std::string& name, std::set<std::string>& taken) {
  const auto text = cloud.required("name", "give the cloud a name; it keeps its place in the buffer by it");
  if (!text) return;
  if (!is_name(text->text, "_-")) return cloud.fail("name", "must be 1 to 64 of a-z 0-9 _ -");
  if (text->text == "api") return cloud.fail("name", "'api' is the gateway's own HTTP interface; take another name");
  if (!taken.insert(text->text).second) return cloud.fail("name", "another cloud has this name already");
  name = text->text;
}

}  // namespace

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || also.find(c) != std::string_view::npos;
  });
}

TlsOptions read_tls(Section& connection, bool in_use, ServerName server_name) {
  TlsOptions options;
  if (!in_use && connection.has("tls")) connection.fail("tls", "has no effect: the address does not speak TLS");
  Section tls = connection.section("tls");
  tls.readable_file("ca_file", options.ca_file);
  tls.readable_file("cert_file", options.cert_file);
  tls.readable_file("key_file", options.key_file);
  if (server_name == ServerName::may_be_set) tls.text("server_name", options.server_name);
  if (tls.has("cert_file") != tls.has("key_file"))
    tls.fail(tls.has("cert_file") ? "cert_file" : "key_file", "cert_file and key_file go together");
  return options;
}

std::size_t read_pack(Section& uplink) {
  std::size_t bytes = 0;
  uplink.size("pack", bytes, {1 << 10, 256 << 10});
  return bytes;
}

std::vector<Cloud> read_clouds(Section& file, const std::string& gateway_id, Duration age_max) {
  std::vector<Cloud> clouds;
  std::set<std::string> names;
  Reading& reading = file.reading();
  file.each("clouds", [&](Section& section) {
    reading.said = "age_max " + std::to_string(age_max.count());
    Cloud& cloud = clouds.emplace_back();
    read_name(section, cloud.name, names);
    const auto type = section.required("type", "there are webhook, mqtt and azure_iot_hub");
    if (!type) return section.leave_the_rest();
    cloud.type = type->text;
    Section uplink = section.section("uplink");
    if (cloud.type == "webhook") {
      cloud.options = webhook::Options{};
      std::get<webhook::Options>(cloud.options).source = "/sluice/" + gateway_id;
      read_webhook(section, uplink, cloud);
    } else if (cloud.type == "mqtt") {
      cloud_mqtt::Options options;
      options.gateway_id = gateway_id;
      options.age_max = age_max;
      cloud.options = std::move(options);
      read_mqtt(section, uplink, cloud);
    } else if (cloud.type == "azure_iot_hub") {
      azure_iot_hub::Options options;
      options.gateway_id = gateway_id;
      cloud.options = std::move(options);
      read_azure_iot_hub(section, uplink, cloud);
    } else {
      const std::string shown = type->literal() ? "'" + type->text + "' " : "";
      section.fail(
          "type",
          shown + "is not known; there are webhook, mqtt and azure_iot_hub" +
              (type->literal() ? normalize::did_you_mean(type->text, {"webhook", "mqtt", "azure_iot_hub"}) : ""));
      uplink.leave_the_rest();
      return section.leave_the_rest();
    }
    read_only(uplink, cloud.only);
    read_thin(uplink, cloud.thin);
    cloud.said = std::move(reading.said);
  });
  return clouds;
}

}  // namespace sluice::app
