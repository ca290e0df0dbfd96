#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/core/message.h"
#include "gateway/normalize/library.h"

namespace sluice::app {

/// What the devices of a trial publish: numbered readings, as long as those of a plug that measures. The
/// same number, the same message: one that is delivered again must be known again.
Message trial_message(std::uint64_t number, Timestamp now);
/// Whose message that is: "selftest/d07".
std::string trial_device(std::uint64_t number);
/// The one family that reads them.
std::shared_ptr<const normalize::Library> trial_library();

}  // namespace sluice::app
