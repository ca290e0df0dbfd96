#pragma once

#include <string>
#include <vector>

#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "tests/contract/connector.h"

namespace sluice::contract {

/// A broker's end of MQTT 3.1.1 or 5, as CONNECT says. Commands go out on `command_topic`.
class MqttTongue final : public Tongue {
 public:
  MqttTongue(Peer& peer, std::string command_topic) : peer_(peer), command_topic_(std::move(command_topic)) {}

  std::optional<std::size_t> size(std::string_view bytes) const override;
  std::vector<std::string> ids(std::string_view message) const override;
  std::string answer(std::string_view message, Act act) override;
  std::string unasked(Peer& peer) override;

 private:
  std::string greeting(std::string_view body, Act act);
  std::string grant(std::string_view body) const;
  std::string properties(const std::string& all = {}) const;

  Peer& peer_;
  const std::string command_topic_;
  int level_ = 5;
  bool subscribed_ = false, offered_ = false;
};

/// What a broker may say that is no answer.
std::vector<std::string> mqtt_garbage();

/// With that connection, and the waits that a test can afford.
Connector make_mqtt(cloud_mqtt::Options options, const Setting& setting);

}  // namespace sluice::contract
