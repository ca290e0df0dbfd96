#pragma once

#include <vector>

#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/normalize/normalizer.h"

namespace sluice::flow {

/// Appends the message's records. `keep_payload`: the first of them carries the device's own payload, where that is
/// whole. What came before the clock was synced is marked.
normalize::Fate read_message(const Message& message, normalize::Normalizer& normalizer, bool keep_payload,
                             std::vector<Record>& out);

}  // namespace sluice::flow
