#pragma once

#include <filesystem>

namespace sluice::app {

/// The folder of the schemas that ship: $SLUICE_SCHEMAS if set; else share/sluice/schemas beside the executable's own
/// bin folder, if it is there; else schemas/ of the source tree the program was built from.
std::filesystem::path shipped_schemas();

/// The same for an executable elsewhere, without looking at the environment.
std::filesystem::path shipped_schemas_of(const std::filesystem::path& executable);

}  // namespace sluice::app
