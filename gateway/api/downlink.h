#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/command.h"
#include "gateway/core/result.h"

namespace sluice::api {

/// Commands and devices, as the HTTP interface meets them. Where a function is not given, what it stands for is not
/// there (404). All are called by any thread, several at a time.
struct Downlink {
  /// Takes a command in Form::params (`text` is a JSON object, or whatever was sent in its place; an empty `id`: one is
  /// to be made). Returns when it is durable: with what has become of it so far, which for a refusal holds its status
  /// and reason, 422 where the id is that of another command. Error: it cannot be stored and is not executed.
  std::function<Result<CommandAnswer>(CommandMessage message)> command;
  /// What has become of a command; waits up to `most` for its end. Nothing: no such command. Returns early once the
  /// gateway stops: the server's end waits for it.
  std::function<std::optional<CommandAnswer>(const std::string& id, Duration most)> look;
  /// The latest commands, a JSON array.
  std::function<std::string()> commands;
  /// All devices, a JSON array.
  std::function<std::string()> devices;
  /// One device ("tasmota/kitchen"), a JSON object; nothing: not known.
  std::function<std::optional<std::string>(const std::string& device)> device;
};

}  // namespace sluice::api
