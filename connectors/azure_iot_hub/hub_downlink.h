#pragma once

#include <string>

#include "connectors/cloud_mqtt/downlink.h"

namespace sluice::azure_iot_hub {

/// The three ways down from a hub (learn.microsoft.com, "Communicate with an IoT hub using the MQTT protocol"), four
/// subscriptions of the five a device may have:
///
/// - cloud-to-device messages, one command as JSON each: QoS 1, acknowledged once stored. The hub keeps them up to 48
///   hours whatever the session. `$.exp` counts as expiry while the clock is synced. Their outcome goes up as an event.
/// - direct methods: HubMethods
/// - desired properties of the twin: HubTwin
cloud_mqtt::MakeDownlink hub_downlink(std::string device_id, Duration method_wait);

}  // namespace sluice::azure_iot_hub
