#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/core/clock.h"

namespace sluice {

/// What a device published, as the local broker delivered it. One publish is one Message.
struct Message {
  std::string topic;    ///< UTF-8, at most 65 535 bytes
  std::string payload;  ///< any bytes; cut to `oversize_kept` where the whole was larger than message_size_max
  std::uint8_t qos = 0;
  bool retained = false;
  Timestamp received_at{};
  /// Set where the clock was not synced then: when, by that clock, the machine was started.
  std::optional<Timestamp> boot_at{};
  std::uint16_t packet_id = 0;  ///< 0 with QoS 0
  bool resent = false;          ///< DUP was set, in a resumed session: perhaps stored before (MQTT 5 section 3.3.1.1)
  bool from_gateway = false;    ///< it carries a Sluice's mark (MQTT 5 user property)
  std::uint64_t payload_size = 0;  ///< as published; larger than payload.size() where the payload was cut

  bool cut() const { return payload_size > payload.size(); }
};

/// What is kept of a payload that is larger than message_size_max: enough to see what it was.
inline constexpr std::size_t oversize_kept = 1024;

}  // namespace sluice
