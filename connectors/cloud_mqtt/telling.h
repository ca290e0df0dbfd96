#pragma once

#include <optional>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/command.h"
#include "gateway/core/verdict.h"

namespace sluice::cloud_mqtt {

/// One answer() on its way. One thread at a time.
struct Telling {
  const std::string& reply_to;
  const CommandAnswer& answer;
  Verdict verdict = Verdict::defer("not connected");

  // Of the keeping thread.
  std::optional<Instant> since{};         ///< when it was first seen
  std::optional<Instant> published_at{};  ///< nothing: not yet
  int packet_id = 0;                      ///< whose acknowledgement ends it; 0: an arrival does
};

}  // namespace sluice::cloud_mqtt
