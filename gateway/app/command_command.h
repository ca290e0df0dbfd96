#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"

namespace sluice::app {

struct CommandSendOptions {
  std::filesystem::path config_file;
  std::string device;                        ///< "tasmota/kitchen"
  std::string name;                          ///< "power"
  std::vector<std::string> params;           ///< "key=value", see command_params
  Duration wait = std::chrono::seconds(10);  ///< longer than a device has to answer
};
/// Sends a command by way of the running gateway and prints its outcome as one line of JSON. 0: succeeded, or sent
/// where nothing is answered; exit_data: it ended otherwise; exit_unavailable: no gateway, or not ended within `wait`.
int command_send(const CommandSendOptions& options);

/// The latest commands, as a table or as the gateway's JSON.
int command_list(const std::filesystem::path& config_file, bool as_json);

/// The JSON object that "key=value" arguments say. true, false, null, numbers and what begins with { or [ are JSON; so
/// is a string in double quotes (n='"5"' is the text 5); everything else is a string as it stands. Errors: invalid,
/// which names the argument.
Result<std::string> command_params(const std::vector<std::string>& arguments);

}  // namespace sluice::app
