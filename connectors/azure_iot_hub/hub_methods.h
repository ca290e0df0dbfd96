#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/cloud_mqtt/downlink.h"

namespace sluice::azure_iot_hub {

/// Direct methods (learn.microsoft.com, "Understand and invoke direct methods from IoT Hub"): a call comes on
/// $iothub/methods/POST/{method}/?$rid={request id}, QoS 0, and whoever calls waits for
/// $iothub/methods/res/{status}/?$rid={request id} on the same connection. Each call is answered once: with the
/// command's end, or 202 when it has none after `wait`. One thread.
class HubMethods {
 public:
  HubMethods(const Clock& clock, Duration wait);

  /// Calls of an earlier connection can no longer be answered.
  void connected();
  /// `rest`: of the topic, from the method's name on.
  cloud_mqtt::Downlink::Heard hear(std::string_view rest, std::string_view body);
  void accepted(const std::string& reply_to, std::span<const CommandAnswer> answers);
  std::variant<cloud_mqtt::Outgoing, Verdict> tell(const std::string& reply_to, const CommandAnswer& answer);
  void append_due(std::vector<cloud_mqtt::Outgoing>& out);
  bool busy() const { return !calls_.empty(); }

  static bool owns(std::string_view reply_to) { return reply_to.starts_with("method "); }

 private:
  struct Call {
    Instant until;
    std::string text;  ///< what is known of it: the body of a 202
  };
  using Calls = std::map<std::string, Call, std::less<>>;
  Calls::iterator find(std::string_view reply_to);

  const Clock& clock_;
  const Duration wait_;
  std::string connection_;  ///< "method <random> ": what a reply_to of this connection begins with
  Calls calls_;             ///< by request id
  std::vector<cloud_mqtt::Outgoing> due_;
};

}  // namespace sluice::azure_iot_hub
