#include <algorithm>
#include <chrono>
#include <memory>

#include "connectors/cloud_mqtt/topic_template.h"
#include "gateway/app/config_clouds.h"

namespace sluice::app {

using namespace std::chrono_literals;

namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void read_address(Section& cloud, cloud_mqtt::Options& options) {
  bool allow_plain = false;
  cloud.flag("allow_plain", allow_plain);
  const auto url = cloud.required("url", "write the broker's address: mqtts://host:8883");
  if (!url) return;
  auto address = mqtt::parse_address(url->text);
  if (!address) {
    const bool plain = url->literal() && url->text.find('@') == std::string::npos;
    return cloud.fail("url", plain
                                 ? address.error().message
                                 : "is not an address of the form mqtts://host:port or mqtt://host:port; a name and a "
                                   "password go under username and password");
  }
  if (!address->tls && !is_loopback(address->host) && !allow_plain)
    cloud.fail("url",
               "mqtt:// to another machine can be read and changed on the way; write mqtts://, or allow_plain: true "
               "beside it");
  options.address = std::move(*address);
}

void read_topic(Section& uplink, const cloud_mqtt::Options& options, Cloud& into,
                std::shared_ptr<const cloud_mqtt::Topics>& topics) {
  std::string text = "sluice/{gateway}/{device}/{schema}";
  uplink.text("topic", text);
  auto parsed = cloud_mqtt::TopicTemplate::parse(text, options.gateway_id);
  if (!parsed) return uplink.fail("topic", parsed.error().message);
  into.topic_levels = parsed->literal_levels();
  const bool marked = options.protocol == cloud_mqtt::Protocol::v5 || options.format != cloud_mqtt::Format::original;
  if (!marked && into.topic_levels.find(options.gateway_id) == std::string::npos)
    uplink.fail("topic",
                "with protocol 3.1.1 and format original nothing but the topic tells a message of the gateway from a "
                "device's; begin it with a level of its own: {gateway}/{topic}");
  topics = std::make_shared<cloud_mqtt::TopicTemplate>(std::move(*parsed));
}

}  // namespace

void read_mqtt(Section& cloud, Section& uplink, Cloud& into) {
  auto& options = std::get<cloud_mqtt::Options>(into.options);
  options.name = into.name;
  options.client_id = "sluice-" + options.gateway_id + "-" + into.name;
  into.batch_count_max = 1000;
  read_address(cloud, options);
  cloud.choice("protocol", options.protocol,
               {{"5", cloud_mqtt::Protocol::v5}, {"3.1.1", cloud_mqtt::Protocol::v3_1_1}});
  cloud.text("client_id", options.client_id);
  cloud.text("username", options.username);
  cloud.secret("password", options.password);
  if (cloud.has("password") && !cloud.has("username")) cloud.fail("password", "needs a username beside it");
  cloud.text("alpn", options.alpn);
  if (options.alpn.size() > 255) cloud.fail("alpn", "is longer than 255 bytes");
  Duration keep_alive = options.keep_alive;
  cloud.duration("keep_alive", keep_alive, {5s, 18h});
  options.keep_alive = std::chrono::floor<std::chrono::seconds>(keep_alive);
  options.tls = read_tls(cloud, options.address.host.empty() || options.address.tls, ServerName::may_be_set);
  if (cloud.has("alpn") && !options.address.host.empty() && !options.address.tls)
    cloud.fail("alpn", "has no effect: the address does not speak TLS");

  uplink.number("qos", options.qos, {0, 1});
  uplink.choice("format", options.format,
                {{"cloudevents", cloud_mqtt::Format::cloudevents},
                 {"data", cloud_mqtt::Format::data},
                 {"original", cloud_mqtt::Format::original}});
  uplink.number("window", options.window, {1, 1000});
  options.pack_bytes_max = read_pack(uplink);
  if (options.pack_bytes_max > 0 && options.format != cloud_mqtt::Format::cloudevents)
    uplink.fail("pack", "needs format: cloudevents, since each record keeps its id");
  read_topic(uplink, options, into, options.topics);
  into.only.originals = options.format == cloud_mqtt::Format::original;
  Section batch = cloud.section("batch");
  batch.duration("wait_max", into.batch_wait_max, {0s, 1h});
  if (batch.has("wait_max") && options.pack_bytes_max == 0)
    batch.fail("wait_max", "has no effect without uplink.pack: each record is a message of its own");
}

}  // namespace sluice::app
