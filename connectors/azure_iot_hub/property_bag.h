#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::azure_iot_hub {

/// The value of `name` in a property bag as a hub writes it into topics: "k=v&k2=v2", percent-encoded, perhaps behind a
/// "?"; a name without "=" is null (learn.microsoft.com, "Communicate with an IoT hub using the MQTT protocol").
/// Nothing: it is not there, or null.
std::optional<std::string> property(std::string_view bag, std::string_view name);

/// The same, as it stands there: for what is to be repeated and not understood.
std::optional<std::string> raw_property(std::string_view bag, std::string_view name);

}  // namespace sluice::azure_iot_hub
