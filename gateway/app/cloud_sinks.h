#pragma once

#include <memory>

#include "gateway/app/config.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/flow/delivery.h"

namespace sluice::app {

/// The connector of one cloud. `source`: the same object, where commands come down from it; otherwise null.
struct CloudEnds {
  std::unique_ptr<UplinkSink> sink;
  CommandSource* source = nullptr;
};

/// By its type. Touches no network. Errors: config.
Result<CloudEnds> make_ends(const Cloud& cloud, const Clock& clock, Log& log);

/// The same cloud as one that brings no commands, and has no session for them.
Cloud without_downlink(Cloud cloud);

/// How the outbox is read for it.
flow::Delivery::Options delivery_options(const Cloud& cloud);

}  // namespace sluice::app
