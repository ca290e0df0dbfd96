#pragma once

struct mqtt5__property;

namespace sluice::mqtt {

/// The user property (MQTT 5 section 3.3.2.3.7) that every PUBLISH of a Sluice to a cloud carries, with the gateway's
/// id: what comes back under it is no device's message.
inline constexpr const char* marker = "sluice-gateway";

/// Whether it is among a message's properties; null: there are none.
bool carries_marker(const mqtt5__property* properties) noexcept;

}  // namespace sluice::mqtt
