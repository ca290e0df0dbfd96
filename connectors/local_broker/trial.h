#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "connectors/local_broker/mqtt_source.h"

namespace sluice::local_broker {

/// What a broker does for a gateway, tried out with clients of its own: `<client_id>-doctor`, which keeps no session
/// afterwards, and `<client_id>-doctor-device`.
class Trial {
 public:
  explicit Trial(Options options);

  /// Logs in. The version of MQTT that the broker speaks: "5" or "3.1.1".
  Result<std::string> connect();
  /// Subscribes to the gateway's filters, for a moment.
  Result<> subscribe();

  /// What is kept of messages that are published while a client with a session is away.
  struct Kept {
    std::size_t qos0_sent = 0, qos0 = 0;
    std::size_t qos1_sent = 0, qos1 = 0;
  };
  /// Publishes under `sluice/doctor/`, which the broker must allow for it.
  Result<Kept> keep_while_away();

 private:
  Options options_;
  int level_ = 5;
};

}  // namespace sluice::local_broker
