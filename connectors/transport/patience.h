#pragma once

#include <stop_token>
#include <string>

#include "gateway/core/clock.h"

namespace sluice::transport {

/// How long a request may take in all, and what ends it sooner. Measured by the steady clock of the machine.
struct Patience {
  Instant deadline;
  std::stop_token stop;

  Duration left() const {
    const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
    return left > Duration::zero() ? left : Duration::zero();
  }
  bool over() const { return left() == Duration::zero(); }
};

/// Why there is no answer. `text` is one line for people, without secrets.
struct Failure {
  enum class Kind {
    network,  ///< may be better next time
    tls,      ///< stays until someone mends a certificate, a key or an address
    stopped,  ///< the caller asked for it
  };
  Kind kind = Kind::network;
  std::string text;
};

}  // namespace sluice::transport
