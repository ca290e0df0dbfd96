#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/normalize/commands.h"
#include "gateway/store/kept_command.h"

namespace sluice::flow {

struct Rulebook;

/// A command that has not ended, as Dispatch holds it.
struct WaitingCommand {
  enum class Stage {
    waiting,  ///< for its device, the broker, or its turn
    sending,  ///< its intent is about to be stored; from here on nothing supersedes it
    sent,     ///< it waits for a reply
    ending,   ///< its end waits to be stored
  };

  store::KeptCommand kept;
  normalize::PreparedCommand prepared{};
  std::shared_ptr<Rulebook> rules{};  ///< by which it is sent and its reply understood
  Stage stage = Stage::waiting;
  Instant deadline{};        ///< by the clock that never jumps
  bool needs_clock = false;  ///< it says itself when it expires, and the clock was not synced when it came

  std::uint64_t heard_before = 0;       ///< what was heard by then is no reply
  Instant answer_by{};                  ///< of one that is sent
  std::vector<std::string> answered{};  ///< devices of a group
  std::string readings{};               ///< of the first answer

  /// How long it may still be sent: by the clock that never jumps and, where it is synced, by the calendar too, so that
  /// a clock that is set either way only ever makes it expire earlier.
  Duration left(const Clock& clock) const {
    auto left = std::chrono::floor<Duration>(deadline - clock.now());
    if (clock.synced() && kept.command.expires_at) left = std::min(left, *kept.command.expires_at - clock.wall_time());
    return left;
  }
};

}  // namespace sluice::flow
