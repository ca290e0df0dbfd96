#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/core/result.h"

namespace sluice::azure_iot_hub {

/// A device's key as the portal shows it, decoded. Refuses what is not base64, without repeating it. Errors: config.
Result<std::string> device_key(std::string_view base64);

/// A shared access signature for `resource` ("myhub.azure-devices.net/devices/my_device"), valid until `expiry`, in
/// seconds since 1970. What is signed is the encoded resource, a line feed and the expiry (learn.microsoft.com,
/// "Control access to IoT Hub by using shared access signatures").
std::string sas_token(std::string_view key, std::string_view resource, std::int64_t expiry);

}  // namespace sluice::azure_iot_hub
