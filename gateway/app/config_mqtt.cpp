#include <algorithm>
#include <chrono>
#include <memory>

#include "connectors/cloud_mqtt/topic_downlink.h"
#include "connectors/cloud_mqtt/topic_template.h"
#include "gateway/app/config_clouds.h"
#include "gateway/core/topic_filter.h"

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
  if (options.pack_bytes_max > 0 && parsed->varies())
    uplink.reading().warnings.add(
        uplink.find("pack")->place,
        "uplink.pack puts only records of one topic into one message, and " + text +
            " differs from record to record; packs fill with a topic that does not: sluice/{gateway}");
  topics = std::make_shared<cloud_mqtt::TopicTemplate>(std::move(*parsed));
}

/// What the topics of a template may be, as the narrowest filter that says so simply.
std::string filter_of(const std::string& topic_template, const std::string& gateway_id) {
  std::string filter;
  for (std::size_t at = 0; at <= topic_template.size();) {
    const std::size_t end = std::min(topic_template.find('/', at), topic_template.size());
    const std::string level = topic_template.substr(at, end - at);
    at = end + 1;
    if (!filter.empty()) filter += '/';
    const auto has = [&](std::string_view name) { return level.find(name) != std::string::npos; };
    if (level == "{gateway}") {
      filter += gateway_id;
    } else if (has("{topic}") || has("{name}")) {
      return filter + "+/#";
    } else if (has("{device}")) {
      return filter + "+/+/#";  // family and name; that may have levels of its own
    } else if (has("{schema}")) {
      filter += "+/+";
    } else {
      filter += has("{") ? "+" : level;
    }
  }
  return filter;
}

void read_downlink(Section& cloud, Section& uplink, Cloud& into) {
  auto& options = std::get<cloud_mqtt::Options>(into.options);
  into.downlink = cloud.find("downlink") != nullptr;
  Section downlink = cloud.section("downlink");
  const auto topic = into.downlink ? downlink.required("topic", "write the topic on which commands come: homes/" +
                                                                    options.gateway_id + "/commands")
                                   : downlink.value("topic");
  if (!into.downlink || !topic) return;
  if (options.username.empty() && options.tls.cert_file.empty())
    cloud.fail("downlink",
               "needs a login: where anybody may connect, anybody may command; write username and password, or "
               "tls.cert_file and tls.key_file");
  std::string text = topic->text;
  if (const std::size_t at = text.find("{gateway}"); at != std::string::npos)
    text.replace(at, std::string_view("{gateway}").size(), options.gateway_id);
  if (const auto good = cloud_mqtt::check_command_topic(text); !good)
    return downlink.fail("topic", good.error().message);
  std::string up = "sluice/{gateway}/{device}/{schema}";
  if (const auto* given = uplink.find("topic"); given != nullptr && given->is_scalar()) up = given->text;
  if (covers(filter_of(up, options.gateway_id), text))
    return downlink.fail("topic", "is one on which uplink.topic may publish: the gateway would command itself");
  options.downlink = cloud_mqtt::topic_downlink(std::move(text));
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
  read_downlink(cloud, uplink, into);
  Section batch = cloud.section("batch");
  batch.duration("wait_max", into.batch_wait_max, {0s, 1h});
  if (batch.has("wait_max") && options.pack_bytes_max == 0)
    batch.fail("wait_max", "has no effect without uplink.pack: each record is a message of its own");
}

}  // namespace sluice::app
