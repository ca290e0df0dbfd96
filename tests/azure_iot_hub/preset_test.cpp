// What the hub is asked for, before any network.
#include <gtest/gtest.h>

#include "connectors/azure_iot_hub/azure_iot_hub.h"
#include "connectors/azure_iot_hub/telemetry_topics.h"
#include "tests/stage/fake_clock.h"

namespace sluice::azure_iot_hub {
namespace {

Options some() {
  Options options;
  options.name = "azure";
  options.gateway_id = "home-pi";
  options.host = "myhub.azure-devices.net";
  options.device_id = "my_device";
  options.key = "cGFzc3dvcmQ=";
  return options;
}

Record record_of(const std::string& device) {
  Record record;
  record.device = device;
  record.schema = "tasmota/sensor";
  return record;
}

TEST(Preset, SpeaksAsTheHubWants) {
  const Result<cloud_mqtt::Options> options = mqtt_options(some());
  ASSERT_TRUE(options);
  EXPECT_EQ(options->protocol, cloud_mqtt::Protocol::v3_1_1);
  EXPECT_TRUE(options->address.tls);
  EXPECT_EQ(options->address.port, 8883);
  EXPECT_EQ(options->client_id, "my_device");
  EXPECT_EQ(options->username, "myhub.azure-devices.net/my_device/?api-version=2021-04-12");
  EXPECT_EQ(options->qos, 1);
  EXPECT_LE(options->keep_alive.count(), 1177);
  EXPECT_LE(options->message_bytes_max, 256u * 1024);
}

TEST(Preset, MakesATokenThatIsRenewedInTime) {
  Options hub = some();
  hub.token_life = std::chrono::seconds(100);
  const Result<cloud_mqtt::Options> options = mqtt_options(hub);
  ASSERT_TRUE(options);
  stage::FakeClock clock;
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_time()).time_since_epoch().count();
  const Result<cloud_mqtt::Login> login = options->login(clock);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->username, options->username);
  EXPECT_TRUE(login->password.ends_with("&se=" + std::to_string(now + 100))) << login->password;
  ASSERT_TRUE(login->renew_at);
  EXPECT_EQ(*login->renew_at - clock.now(), std::chrono::seconds(80));
}

TEST(Preset, MakesNoTokenBeforeTheClockIsRight) {
  const Result<cloud_mqtt::Options> options = mqtt_options(some());
  ASSERT_TRUE(options);
  stage::FakeClock clock;
  clock.set_synced(false);
  const Result<cloud_mqtt::Login> login = options->login(clock);
  ASSERT_FALSE(login);
  EXPECT_NE(login.error().message.find("the clock"), std::string::npos);
}

TEST(Preset, ACertificateNeedsNoPassword) {
  Options hub = some();
  hub.key.clear();
  hub.tls.cert_file = "cert.pem";
  hub.tls.key_file = "key.pem";
  const Result<cloud_mqtt::Options> options = mqtt_options(hub);
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->login);
  EXPECT_EQ(options->username, "myhub.azure-devices.net/my_device/?api-version=2021-04-12");
  EXPECT_TRUE(options->password.empty());
}

TEST(TelemetryTopics, HoldTheRecordsIdAndWhatItIs) {
  const TelemetryTopics topics("my_device", cloud_mqtt::Format::structured);
  const Record record = record_of("home/K\xc3\xbc/+#$&=%");
  std::string topic;
  ASSERT_TRUE(topics.append_topic(topic, {&record, 1}));
  EXPECT_EQ(topic, "devices/my_device/messages/events/$.ct=application%2Fjson&$.ce=utf-8&$.mid=" + record.id.text() +
                       "&schema=tasmota%2Fsensor&device=home%2FK%C3%BC%2F%2B%23%24%26%3D%25");
}

TEST(TelemetryTopics, OfAPackHoldItsFirstIdAlone) {
  const TelemetryTopics topics("my_device", cloud_mqtt::Format::structured);
  const std::vector<Record> records = {record_of("a"), record_of("b")};
  std::string topic;
  ASSERT_TRUE(topics.append_topic(topic, records));
  EXPECT_TRUE(topic.ends_with("$.mid=" + records[0].id.text()));
  EXPECT_TRUE(topics.together(records[0], records[1]));
}

TEST(TelemetryTopics, SayNothingOfADevicesOwnPayload) {
  const TelemetryTopics topics("my_device", cloud_mqtt::Format::original);
  const Record record = record_of("a");
  std::string topic;
  ASSERT_TRUE(topics.append_topic(topic, {&record, 1}));
  EXPECT_EQ(topic.find("$.ct"), std::string::npos);
}

}  // namespace
}  // namespace sluice::azure_iot_hub
