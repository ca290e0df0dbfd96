#pragma once

#include <span>
#include <string>

#include "gateway/flow/devices.h"
#include "gateway/normalize/commands.h"

namespace sluice::app {

/// GET /api/v1/devices: {"name","presence","since",...}, without what they said.
std::string devices_json(std::span<const flow::DeviceState> devices);

/// GET /api/v1/devices/{family}/{name}: with the newest record of each schema under "last", and the commands that its
/// family takes, with their parameters.
std::string device_json(const flow::DeviceState& device, const normalize::Commands& commands);

}  // namespace sluice::app
