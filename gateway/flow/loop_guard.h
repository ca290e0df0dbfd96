#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/message.h"

namespace sluice::flow {

/// What a Sluice published is never telemetry, whether it comes back from a cloud that is the local broker itself, over
/// a bridge, or from another gateway that faces this one: each turn would make a message of it again. Recognised are
/// the mark of MQTT 5, the text of our own events, and topics that lie under what this gateway publishes. Immutable;
/// any thread. Costs an ordinary message a few comparisons.
class LoopGuard {
 public:
  /// `own_topics`: what the gateway's publishes begin with, in whole levels ("homes/home-pi"); each holds the gateway's
  /// id, so that no device's topic is meant. Two gateways that face each other nest them: they count anywhere in a
  /// topic.
  explicit LoopGuard(std::vector<std::string> own_topics) : own_topics_(std::move(own_topics)) {}

  bool own(const Message& message) const;

 private:
  std::vector<std::string> own_topics_;
};

}  // namespace sluice::flow
