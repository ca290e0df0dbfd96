#pragma once

#include <string>
#include <string_view>

#include "gateway/core/result.h"

namespace sluice::normalize {

/// A message as people record it, one JSON object a line: {"topic": ..., "payload": ...}.
struct Recorded {
  std::string topic;
  std::string payload;
  bool retained = false;
  bool topic_inferred = false;  ///< the recording says that somebody guessed the topic
};

/// Reads one line. The payload is a text, or `payload_b64` for other bytes; where it is any other JSON it stands for
/// its own text, as `mosquitto_sub -F '%J'` writes it. `retain` (0 or 1, as in '%j') or `retained` (true or false), and
/// `topic_inferred`; other members are passed over. Errors: invalid.
Result<Recorded> read_recorded(std::string_view line);

}  // namespace sluice::normalize
