#include <chrono>

#include <gtest/gtest.h>

#include "tests/app/config_stage.h"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;

/// One cloud of type mqtt with these keys more, each on a line of its own, indented by four.
std::string with_mqtt(const std::string& keys, const std::string& url = "mqtts://broker.example") {
  return least + "clouds:\n  - name: hive\n    type: mqtt\n    url: " + url + "\n" + keys;
}

std::string with_azure(const std::string& keys) {
  return least + "clouds:\n  - name: azure\n    type: azure_iot_hub\n    host: myhub.azure-devices.net\n" + keys;
}

Record reading() {
  Record record;
  record.device = "tasmota/kitchen";
  record.schema = "tasmota/sensor";
  return record;
}

TEST(ConfigMqtt, gets_every_default) {
  const auto config = read(with_mqtt(""));
  ASSERT_TRUE(config);
  const Cloud& cloud = config->clouds.at(0);
  EXPECT_EQ(cloud.type, "mqtt");
  EXPECT_EQ(cloud.topic_levels, "sluice/home-pi");
  EXPECT_FALSE(cloud.only.originals || cloud.thin.on());
  const auto& options = std::get<cloud_mqtt::Options>(cloud.options);
  EXPECT_EQ(options.address.host, "broker.example");
  EXPECT_EQ(options.address.port, 8883);
  EXPECT_EQ(options.protocol, cloud_mqtt::Protocol::v5);
  EXPECT_EQ(options.client_id, "sluice-home-pi-hive");
  EXPECT_EQ(options.gateway_id, "home-pi");
  EXPECT_EQ(options.keep_alive, 60s);
  EXPECT_EQ(options.qos, 1);
  EXPECT_EQ(options.format, cloud_mqtt::Format::cloudevents);
  EXPECT_EQ(options.window, 100u);
  EXPECT_EQ(options.pack_bytes_max, 0u);
  EXPECT_EQ(options.age_max, std::chrono::days(30)) << "of the buffer";
  std::string topic;
  const Record record = reading();
  ASSERT_TRUE(options.topics->append_topic(topic, {&record, 1}));
  EXPECT_EQ(topic, "sluice/home-pi/tasmota/kitchen/tasmota/sensor");
}

TEST(ConfigMqtt, packs_that_never_fill_are_told) {
  const auto warnings = [](const std::string& uplink) {
    const auto config = read(with_mqtt("    uplink: { " + uplink + " }\n"));
    return config ? config->warnings.text() : "refused";
  };
  EXPECT_NE(warnings("pack: 4KiB").find("uplink.pack puts only records of one topic"), std::string::npos);
  EXPECT_EQ(warnings("pack: 4KiB, topic: \"homes/{gateway}\"").find("pack"), std::string::npos);
  EXPECT_EQ(warnings("topic: \"homes/{device}\"").find("pack"), std::string::npos);
}

TEST(ConfigMqtt, every_value_reaches_its_place) {
  const auto config = read(with_mqtt(R"(    protocol: 3.1.1
    client_id: me
    username: ada
    password: "0815"
    alpn: x-amzn-mqtt-ca
    keep_alive: 20s
    tls: { server_name: other.example }
    uplink: { topic: "homes/{gateway}", qos: 0, window: 7, pack: 4KiB, thin: { every: 5m, on_change: true } }
    batch: { wait_max: 10s }
)"));
  ASSERT_TRUE(config);
  const Cloud& cloud = config->clouds.at(0);
  EXPECT_EQ(cloud.batch_wait_max, 10s);
  EXPECT_EQ(cloud.thin.every, 5min);
  EXPECT_TRUE(cloud.thin.on_change);
  EXPECT_EQ(cloud.topic_levels, "homes/home-pi");
  const auto& options = std::get<cloud_mqtt::Options>(cloud.options);
  EXPECT_EQ(options.protocol, cloud_mqtt::Protocol::v3_1_1);
  EXPECT_EQ(options.client_id, "me");
  EXPECT_EQ(options.username, "ada");
  EXPECT_EQ(options.password, "0815");
  EXPECT_EQ(options.alpn, "x-amzn-mqtt-ca");
  EXPECT_EQ(options.keep_alive, 20s);
  EXPECT_EQ(options.tls.server_name, "other.example");
  EXPECT_EQ(options.qos, 0);
  EXPECT_EQ(options.window, 7u);
  EXPECT_EQ(options.pack_bytes_max, 4096u);
}

struct Wrong {
  std::string keys, complaint;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.keys;
}

class WrongMqtt : public testing::TestWithParam<Wrong> {};

TEST_P(WrongMqtt, is_told_with_its_place) {
  EXPECT_EQ(complaints(with_mqtt("    " + GetParam().keys + "\n")), "sluice.yaml:7:" + GetParam().complaint + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    ConfigMqtt, WrongMqtt,
    testing::Values(
        Wrong{"protocol: 4", "15: clouds[].protocol: '4' is not known here; write 5 or 3.1.1"},
        Wrong{"password: a", "15: clouds[].password: needs a username beside it"},
        Wrong{"keep_alive: 1s", "17: clouds[].keep_alive: must be at least 5s and at most 18h"},
        Wrong{"uplink: { qos: 2 }", "20: clouds[].uplink.qos: must be at least 0 and at most 1"},
        Wrong{"uplink: { window: 0 }", "23: clouds[].uplink.window: must be at least 1 and at most 1000"},
        Wrong{"uplink: { format: json }",
              "23: clouds[].uplink.format: 'json' is not known here; write cloudevents, data or original"},
        Wrong{"uplink: { topic: \"a/+\" }",
              "22: clouds[].uplink.topic: 'a/+' cannot be a topic: + and # are for subscriptions; a message has one "
              "topic"},
        Wrong{"uplink: { topic: \"a/{devise}\" }",
              "22: clouds[].uplink.topic: 'a/{devise}' cannot be a topic: {devise} is not known; there are {gateway} "
              "{device} {family} {name} {schema} {kind} {topic}"},
        Wrong{"uplink: { topic: a//b }",
              "22: clouds[].uplink.topic: 'a//b' cannot be a topic: a level between slashes is empty"},
        Wrong{"uplink: { pack: 4KiB, format: data }",
              "21: clouds[].uplink.pack: needs format: cloudevents, since each record keeps its id"},
        Wrong{"batch: { wait_max: 1s }",
              "24: clouds[].batch.wait_max: has no effect without uplink.pack: each record is a message of its own"}));

TEST(ConfigMqtt, plain_mqtt_goes_to_loopback_or_where_it_is_allowed) {
  EXPECT_EQ(complaints(with_mqtt("", "mqtt://localhost")), "");
  EXPECT_EQ(complaints(with_mqtt("    allow_plain: true\n", "mqtt://192.168.1.5")), "");
  EXPECT_EQ(complaints(with_mqtt("", "mqtt://192.168.1.5")),
            "sluice.yaml:6:10: clouds[].url: mqtt:// to another machine can be read and changed on the way; write "
            "mqtts://, or allow_plain: true beside it\n");
}

TEST(ConfigMqtt, an_address_with_a_login_is_not_repeated) {
  const std::string said = complaints(with_mqtt("", "mqtts://ada:secret@h"));
  EXPECT_EQ(said.find("secret"), std::string::npos);
  EXPECT_NE(said.find("username and password"), std::string::npos);
}

TEST(ConfigMqtt, originals_over_3_1_1_need_a_topic_of_their_own) {
  EXPECT_NE(complaints(with_mqtt("    protocol: 3.1.1\n    uplink: { format: original, topic: \"{topic}\" }\n")), "");
  const auto config =
      read(with_mqtt("    protocol: 3.1.1\n    uplink: { format: original, topic: \"{gateway}/{topic}\" }\n"));
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->clouds.at(0).only.originals);
  EXPECT_EQ(complaints(with_mqtt("    uplink: { format: original, topic: \"{topic}\" }\n")), "") << "MQTT 5 marks them";
}

TEST(ConfigAzure, gets_every_default) {
  const auto config = read(with_azure("    device_id: home-pi\n    key: cGFzc3dvcmQ=\n"));
  ASSERT_TRUE(config);
  const auto& options = std::get<azure_iot_hub::Options>(config->clouds.at(0).options);
  EXPECT_EQ(options.host, "myhub.azure-devices.net");
  EXPECT_EQ(options.port, 8883);
  EXPECT_EQ(options.device_id, "home-pi");
  EXPECT_EQ(options.token_life, 1h);
  EXPECT_EQ(options.keep_alive, 240s);
  EXPECT_EQ(options.format, cloud_mqtt::Format::structured);
}

TEST(ConfigAzure, what_is_wrong_is_told_and_no_key_repeated) {
  const auto said = [](const std::string& keys) { return complaints(with_azure("    device_id: home-pi\n" + keys)); };
  EXPECT_NE(said("").find("clouds[].key: is missing"), std::string::npos);
  const std::string not_base64 = said("    key: HostName=hub;SharedAccessKey=geheim\n");
  EXPECT_NE(not_base64.find("a connection string is not one"), std::string::npos);
  EXPECT_EQ(not_base64.find("geheim"), std::string::npos);
  EXPECT_NE(said("    key: cGFzc3dvcmQ=\n    keep_alive: 20m\n").find("at most 1177s"), std::string::npos);
  EXPECT_NE(complaints(with_azure("    device_id: a/b\n    key: cGFzc3dvcmQ=\n")).find("clouds[].device_id: must be"),
            std::string::npos);
}

TEST(ConfigWebhook, pack_is_a_requests_size) {
  const auto config = read(with_cloud("    uplink: { pack: 4KiB }\n"));
  ASSERT_TRUE(config);
  EXPECT_EQ(webhook_of(config->clouds.at(0)).batch_bytes_max, 4096u);
  EXPECT_NE(complaints(with_cloud("    uplink: { pack: 4KiB }\n    batch: { bytes_max: 8KiB }\n")), "");
  EXPECT_NE(complaints(with_cloud("    uplink: { pack: 4KiB }\n    format: cloudevents\n")), "");
}

}  // namespace
}  // namespace sluice::app
