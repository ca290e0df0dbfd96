#pragma once

#include <cstddef>

#include "connectors/local_broker/batch.h"
#include "gateway/core/clock.h"

struct mosquitto_message;
struct mqtt5__property;

namespace sluice::local_broker {

/// Puts what libmosquitto delivers into the batch. A payload of more than `size_max` bytes is cut to `oversize_kept`.
/// `resent` is false, `boot_at` nothing: the caller may know better. Valid until the batch's next call.
Message& arrive(Batch& batch, const mosquitto_message& message, const mqtt5__property* properties, std::size_t size_max,
                Timestamp now);

}  // namespace sluice::local_broker
