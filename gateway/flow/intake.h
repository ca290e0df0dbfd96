#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/command.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/permission.h"
#include "gateway/flow/waiting_command.h"
#include "gateway/normalize/commands.h"

namespace sluice::flow {

/// Of device, name and params: whether two commands say the same.
std::uint64_t digest_of(const Command& command);

/// Judges a command that is not known yet: may it, can it, is it in time? Immutable; any thread.
class Intake {
 public:
  /// From a group's device to its members.
  using Groups = std::map<std::string, std::vector<std::string>, std::less<>>;

  Intake(Duration expire_after, Groups groups, Permission permission, const normalize::Commands& commands,
         const Devices& devices, const Clock& clock);

  /// The command with its first progress: accepted, or ended with the reason. `text` has no refusal of its own unless
  /// id, device and name are there all the same.
  WaitingCommand judge(const std::string& origin, const CommandMessage& message,
                       const normalize::CommandText& text) const;

  /// One that an earlier run accepted: the same questions again, since the configuration may have changed; its time
  /// goes on.
  WaitingCommand resume(store::KeptCommand kept) const;

  /// One that waits, and was judged by other rules: may it, can it? Its time goes on.
  void judge_again(WaitingCommand& command) const { prepare(command); }

 private:
  void set_expiry(WaitingCommand& command, const CommandMessage& message, const std::string& expires_at) const;
  void prepare(WaitingCommand& command) const;
  void end(WaitingCommand& command, CommandState state, int status, std::string reason) const;

  bool is_known(const std::string& device) const;

  const Duration expire_after_;
  const Groups groups_;
  const Permission permission_;
  const normalize::Commands& commands_;
  const Devices& devices_;
  const Clock& clock_;
};

}  // namespace sluice::flow
