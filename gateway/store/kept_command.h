#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/command.h"

namespace sluice::store {

/// How far a command has come, and why.
struct CommandProgress {
  CommandState state = CommandState::accepted;
  bool ended = false;  ///< the state is final
  int status = 202;    ///< CommandAnswer::status
  std::string reason{};
  std::string reply{};  ///< the device's, a JSON object; empty: none
  std::string from{};   ///< who answered, a JSON array of devices; empty where it is the device itself, or nobody
  Timestamp at{};       ///< of this state
};

/// A command in the inbox. Known by its id for at least 7 days, or until 100 000 later ones have come.
struct KeptCommand {
  std::int64_t number = 0;  ///< ascending, given once by the one who appends
  Command command;          ///< params are let go with the end
  Timestamp accepted_at{};
  bool dated = true;         ///< the clock was trusted then
  std::uint64_t digest = 0;  ///< of device, name and params: whether a repeat says the same
  CommandProgress progress{};
};

struct CommandChange {
  std::int64_t number = 0;
  CommandProgress progress;
};

/// What a source still has to be told: about a command of the inbox, or with a text of its own about one that could not
/// be read.
struct OwedAnswer {
  std::int64_t number = 0;  ///< ascending, given once by the one who appends
  std::string cloud;
  std::string reply_to;
  std::string id{};    ///< the command's
  std::string text{};  ///< where it is about none that is kept; then `status` goes with it
  int status = 400;
  std::optional<KeptCommand> command{};  ///< when read
};

/// What a cloud wants a device to be set to, as it was taken last: a state that is told again at each connection.
struct KeptSetting {
  std::string cloud, device, command;
  std::uint64_t digest = 0;  ///< KeptCommand::digest
  std::string id{};          ///< of the command it became
};

/// A device that has been heard, and its presence as last known.
struct KnownDevice {
  std::string name;            ///< "tasmota/kitchen"
  std::optional<bool> online;  ///< nothing: it never said
  Timestamp since{};           ///< of its presence; where it never said, of the first message
};

/// Commands by how they went, since the database began. Each command that was taken is in `accepted` once and in one of
/// the final states once when it has ended; `sent` counts those that were sent.
struct CommandCounts {
  std::uint64_t accepted = 0, sent = 0, succeeded = 0, failed = 0, expired = 0, rejected = 0, unanswered = 0;

  std::uint64_t& of(CommandState state);
};

}  // namespace sluice::store
