#pragma once

#include <string>
#include <string_view>

namespace sluice::azure_iot_hub {

/// A device's or a command's name as the name of a twin's property, which may hold no ".", "$", space and control
/// characters of segments C0 and C1 (learn.microsoft.com, "Understand and use device twins in IoT Hub"): these, and
/// "%", stand there in percent-encoding. percent_decoded() reads it back.
std::string property_name(std::string_view text);

/// Desired properties, {"<device>": {"<command>": {params}}}, with the names of devices and commands as they are meant,
/// so that a setting is written as it is reported. Parameters stay as they stand. What is no such JSON object is left
/// as it is: whoever reads it says what is wrong.
std::string settings_text(std::string_view desired);

}  // namespace sluice::azure_iot_hub
