#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/cloud_mqtt/downlink.h"

namespace sluice::azure_iot_hub {

/// The device's twin (learn.microsoft.com, "Communicate with an IoT hub using the MQTT protocol", "Understand and use
/// device twins in IoT Hub"): its desired properties are settings, {"<family>/<device>": {"<command>": {params}}}. It
/// is fetched after each connection, since changes are sent only to those connected, and after each change, since that
/// may hold half of a command's params; a version that was handed on before is passed over. What has become of a
/// setting is reported as
///
///   {"sluice": {"<family>/<device>": {"<command>": {"id", "outcome", "reason", "version"}}}}
///
/// or, where no device can be named, in "sluice"."refused". Names of devices and commands stand in either as
/// property_name() writes them. One thread.
class HubTwin {
 public:
  explicit HubTwin(const Clock& clock) : clock_(clock) {}

  void connected();
  /// `rest`: of the topic, behind $iothub/twin/res/ and $iothub/twin/PATCH/properties/desired/.
  cloud_mqtt::Downlink::Heard hear_response(std::string_view rest, std::string_view body);
  cloud_mqtt::Downlink::Heard hear_patch(std::string_view rest);
  void accepted(const CommandMessage& message);
  std::variant<cloud_mqtt::Outgoing, Verdict> tell(const std::string& reply_to, const CommandAnswer& answer);
  void append_due(std::vector<cloud_mqtt::Outgoing>& out);

  static bool owns(std::string_view reply_to) { return reply_to.starts_with("twin "); }

 private:
  cloud_mqtt::Downlink::Heard hear_twin(std::string_view body);
  std::string next_request_id();

  const Clock& clock_;
  std::uint64_t requests_ = 0;
  std::optional<std::uint64_t> handed_on_;  ///< the highest version
  std::uint64_t patched_ = 0;               ///< the highest version that a patch of this connection had
  std::uint64_t patched_before_ = 0;        ///< that of when the twin was asked for
  bool wanted_ = false;                     ///< the twin as a whole
  Instant ask_at_{};
  std::string asked_;     ///< the request's id
  std::string reported_;  ///< likewise
};

}  // namespace sluice::azure_iot_hub
