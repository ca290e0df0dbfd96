#pragma once

#include <memory>
#include <string>

#include "connectors/local_broker/mqtt_source.h"

namespace sluice::local_broker {

/// A plain publishing client, for simulated devices. One thread. Blocks for the connection and for QoS 1's PUBACK only
/// where it says so. Uses Options' address, client_id, username, password and tls.
class Publisher {
 public:
  static Result<std::unique_ptr<Publisher>> connect(const Options& options);
  ~Publisher();

  /// Hands the message to the library; more than `in_flight_max` unacknowledged ones make it wait.
  Result<> publish(const std::string& topic, const std::string& payload, int qos, bool retain = false);
  /// Returns when every publish is acknowledged.
  Result<> flush(Duration most);

 private:
  struct Client;
  explicit Publisher(std::unique_ptr<Client> client);
  std::unique_ptr<Client> client_;
};

}  // namespace sluice::local_broker
