#include <algorithm>
#include <chrono>

#include "connectors/azure_iot_hub/sas_token.h"
#include "gateway/app/config_clouds.h"

namespace sluice::app {

using namespace std::chrono_literals;

namespace {

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

/// learn.microsoft.com, "Understand the identity registry in your IoT hub": what a device id may hold. No slash, plus
/// or hash may stand in a topic's level.
bool is_device_id(std::string_view text) {
  static constexpr std::string_view also = "-.%_*?!(),:=@$'";
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

void read_device(Section& cloud, azure_iot_hub::Options& options) {
  if (const auto host = cloud.required("host", "write the hub's name: myhub.azure-devices.net")) {
    if (is_host(host->text))
      options.host = host->text;
    else
      cloud.fail("host", "is not a host's name; write it without https:// and without a port: myhub.azure-devices.net");
  }
  cloud.number("port", options.port, {1, 65'535});
  if (const auto id = cloud.required("device_id", "write the device's id as it is registered at the hub")) {
    if (is_device_id(id->text))
      options.device_id = id->text;
    else
      cloud.fail("device_id", "must be 1 to 128 letters, digits and - . % _ * ? ! ( ) , : = @ $ '");
  }
}

void read_login(Section& cloud, azure_iot_hub::Options& options) {
  cloud.secret("key", options.key);
  options.tls = read_tls(cloud, true, ServerName::may_be_set);
  const bool certificate = !options.tls.cert_file.empty();
  if (!options.key.empty() && certificate)
    cloud.fail("key", "stands beside tls.cert_file; a device logs in with one or the other");
  if (!cloud.has("key") && !certificate && !cloud.has("tls"))
    cloud.fail("key", "is missing; write the device's primary key, or tls.cert_file and tls.key_file");
  if (!options.key.empty())
    if (const auto key = azure_iot_hub::device_key(options.key); !key) cloud.fail("key", key.error().message);
}

}  // namespace

void read_azure_iot_hub(Section& cloud, Section& uplink, Cloud& into) {
  auto& options = std::get<azure_iot_hub::Options>(into.options);
  options.name = into.name;
  into.batch_count_max = 1000;
  read_device(cloud, options);
  read_login(cloud, options);
  Duration token_life = options.token_life;
  cloud.duration("token_life", token_life, {2s, std::chrono::days(1)});
  options.token_life = std::chrono::floor<std::chrono::seconds>(token_life);
  Duration keep_alive = options.keep_alive;
  cloud.duration("keep_alive", keep_alive, {5s, 1177s});
  options.keep_alive = std::chrono::floor<std::chrono::seconds>(keep_alive);

  uplink.choice("format", options.format,
                {{"cloudevents", cloud_mqtt::Format::structured},
                 {"data", cloud_mqtt::Format::data},
                 {"original", cloud_mqtt::Format::original}});
  uplink.number("window", options.window, {1, 1000});
  options.pack_bytes_max = read_pack(uplink);
  if (options.pack_bytes_max > 0 && options.format != cloud_mqtt::Format::structured)
    uplink.fail("pack", "needs format: cloudevents, since each record keeps its id");
  into.only.originals = options.format == cloud_mqtt::Format::original;
  Section batch = cloud.section("batch");
  batch.duration("wait_max", into.batch_wait_max, {0s, 1h});
  if (batch.has("wait_max") && options.pack_bytes_max == 0)
    batch.fail("wait_max", "has no effect without uplink.pack: each record is a message of its own");
  into.downlink = cloud.find("downlink") != nullptr;
  const Section downlink = cloud.section("downlink");
  options.downlink = into.downlink;
  into.topic_levels = "devices/" + options.device_id + "/messages/events";
}

}  // namespace sluice::app
