// Clouds over MQTT: a broker that speaks MQTT 5 or 3.1.1.
#include "tests/contract/cases.h"
#include "tests/contract/mqtt_tongue.h"

namespace sluice::contract {
namespace {

Connector make(cloud_mqtt::Protocol protocol, const Setting& setting) {
  cloud_mqtt::Options options = cloud_mqtt::options_for(setting.port);
  options.address.tls = true;
  options.protocol = protocol;
  options.username = "someone";
  options.password = "pass-word-7421";
  if (setting.commands) options.downlink = cloud_mqtt::topic_downlink("home/commands");
  return make_mqtt(std::move(options), setting);
}

Kind kind(const std::string& variant, cloud_mqtt::Protocol protocol, std::set<Act> says) {
  return {"mqtt " + variant,
          variant == "5" ? "5" : "3_1_1",
          std::move(says),
          protocol == cloud_mqtt::Protocol::v5,
          8'000'000,
          [protocol](const Setting& setting) { return make(protocol, setting); },
          [](Peer& peer) { return std::make_unique<MqttTongue>(peer, "home/commands"); },
          mqtt_garbage,
          {"pass-word-7421"}};
}

const auto kinds =
    testing::Values(kind("5", cloud_mqtt::Protocol::v5, {Act::accept, Act::reject, Act::defer, Act::pause}),
                    kind("3.1.1", cloud_mqtt::Protocol::v3_1_1, {Act::accept, Act::pause}));
INSTANTIATE_TEST_SUITE_P(mqtt, Sink, kinds, variant_of);
INSTANTIATE_TEST_SUITE_P(mqtt, Source, kinds, variant_of);

}  // namespace
}  // namespace sluice::contract
