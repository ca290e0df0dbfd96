#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/intake.h"
#include "gateway/flow/permission.h"
#include "gateway/normalize/commands.h"
#include "gateway/normalize/normalizer.h"

namespace sluice::flow {

/// What a configuration and its schemas say of commands, as a whole: Dispatch works by one, and may be given another
/// while it does. A command that was sent keeps the one it was sent by until it has ended, so that its reply is still
/// understood.
///
/// Immutable and for any thread, but for `replies`: that is of the thread that listens.
struct Rulebook {
  struct Options {
    Duration expire_after = std::chrono::seconds(60);  ///< where a command does not say itself
    /// A group's device and its members: all of them must answer.
    Intake::Groups groups{};
    std::string timezone{};  ///< see Normalizer::Options
  };

  Rulebook(Options options, Permission permission, std::shared_ptr<const normalize::Library> library,
           const Devices& devices, const Clock& clock);

  const Intake::Groups groups;
  const normalize::Commands commands;
  const std::vector<std::string> filters;           ///< of the replies to what is allowed, and of presence; disjoint
  const std::vector<std::string> presence_filters;  ///< of every family with commands
  const Intake intake;
  normalize::Normalizer replies;
};

}  // namespace sluice::flow
