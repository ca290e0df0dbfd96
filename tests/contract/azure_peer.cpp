// Azure IoT Hub: MQTT 3.1.1 as a hub speaks it.
#include "connectors/azure_iot_hub/azure_iot_hub.h"
#include "tests/contract/cases.h"
#include "tests/contract/mqtt_tongue.h"

namespace sluice::contract {
namespace {

constexpr const char* key = "c2VjcmV0LWtleS1vZi1henVyZS05MQ==";

Connector make(const Setting& setting) {
  azure_iot_hub::Options options;
  options.name = "azure";
  options.gateway_id = "home-pi";
  options.host = "127.0.0.1";
  options.port = setting.port;
  options.device_id = "home-pi";
  options.key = key;
  options.downlink = setting.commands;
  return make_mqtt(*azure_iot_hub::mqtt_options(options), setting);
}

Kind kind() {
  return {"azure_iot_hub",
          "hub",
          {Act::accept, Act::pause},
          false,
          250'000,
          make,
          [](Peer& peer) { return std::make_unique<MqttTongue>(peer, "devices/home-pi/messages/devicebound/$.mid=1"); },
          mqtt_garbage,
          {key, "secret-key-of-azure-91", "SharedAccessSignature", "sig="}};
}

INSTANTIATE_TEST_SUITE_P(azure_iot_hub, Sink, testing::Values(kind()), variant_of);
INSTANTIATE_TEST_SUITE_P(azure_iot_hub, Source, testing::Values(kind()), variant_of);

}  // namespace
}  // namespace sluice::contract
