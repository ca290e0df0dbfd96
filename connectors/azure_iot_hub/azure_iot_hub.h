#pragma once

#include <memory>
#include <string>

#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/tls_options.h"

namespace sluice::azure_iot_hub {

/// A device of an Azure IoT Hub (learn.microsoft.com, "Communicate with an IoT hub using the MQTT protocol").
struct Options {
  std::string name;  ///< of the cloud, for the log
  std::string gateway_id;
  std::string host;  ///< "myhub.azure-devices.net"
  int port = 8883;
  std::string device_id;
  std::string key;  ///< base64, of the device; empty with tls.cert_file and tls.key_file
  TlsOptions tls;
  std::chrono::seconds token_life{3600};  ///< 2 s at least
  std::chrono::seconds keep_alive{240};   ///< 1177 s at most: the hub waits 1.5 times that, and 29.45 minutes at most
  cloud_mqtt::Format format = cloud_mqtt::Format::structured;
  std::size_t pack_bytes_max = 0;
  std::size_t window = 100;
  bool downlink = false;  ///< commands: cloud-to-device messages, direct methods, desired properties of the twin
  /// A direct method that has no answer by then is answered 202. The caller's own patience is 30 s unless it says
  /// otherwise.
  Duration method_wait = std::chrono::seconds(25);
};

/// "{host}/{device}/?api-version=…": needed with a certificate too.
std::string user_name(const Options& options);

/// What the hub asks of an MQTT client. Errors: config.
Result<cloud_mqtt::Options> mqtt_options(const Options& options);

/// The same client as any MQTT cloud's, with what the hub asks for: MQTT 3.1.1, its client id, user name and token
/// (made anew at 80 % of its life), telemetry topic with a property bag, 256 KB a message, QoS 1, never retained. Makes
/// no token before the clock is synced, and says so. Commands as hub_downlink.h says. Errors: config.
Result<std::unique_ptr<cloud_mqtt::MqttSink>> make(const Options& options, const Clock& clock, Log& log);

}  // namespace sluice::azure_iot_hub
