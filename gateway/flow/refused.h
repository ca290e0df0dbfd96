#pragma once

#include <string>

#include "gateway/core/record.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// What quarantine keeps of a record that a cloud refused for good.
store::Quarantined refused(const Record& record, const std::string& cloud, std::string reason);

}  // namespace sluice::flow
