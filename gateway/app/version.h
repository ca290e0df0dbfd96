#pragma once

#include <string_view>

namespace sluice::app {

inline constexpr std::string_view version_text = SLUICE_VERSION;

}  // namespace sluice::app
