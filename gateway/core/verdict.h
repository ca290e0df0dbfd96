#pragma once

#include <optional>
#include <string>

#include "gateway/core/clock.h"

namespace sluice {

enum class Outcome {
  accepted,  ///< the cloud has it: settle
  rejected,  ///< the cloud will never take it: quarantine with the reason, settle
  deferred,  ///< stays in the outbox and is sent again
};

/// A cloud's answer to one record. A forgotten verdict costs a repeat, never a loss.
struct Verdict {
  Outcome outcome = Outcome::deferred;
  std::string reason;                   ///< for rejected and deferred: one line, without secrets
  std::optional<Duration> retry_after;  ///< deferred: the cloud's own wish, already capped
  bool paused = false;  ///< deferred until someone mends it (wrong key, wrong address): alarm, retry seldom

  static Verdict accept() { return {Outcome::accepted, {}, {}, false}; }
  static Verdict reject(std::string reason) { return {Outcome::rejected, std::move(reason), {}, false}; }
  static Verdict defer(std::string reason, std::optional<Duration> after = {}) {
    return {Outcome::deferred, std::move(reason), after, false};
  }
  static Verdict pause(std::string reason) { return {Outcome::deferred, std::move(reason), {}, true}; }
};

}  // namespace sluice
