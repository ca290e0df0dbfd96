#pragma once

#include <memory>

#include "gateway/app/config.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/flow/delivery.h"

namespace sluice::app {

/// The connector of one cloud, by its type. Touches no network. Errors: config.
Result<std::unique_ptr<UplinkSink>> make_sink(const Cloud& cloud, const Clock& clock, Log& log);

/// How the outbox is read for it.
flow::Delivery::Options delivery_options(const Cloud& cloud);

}  // namespace sluice::app
