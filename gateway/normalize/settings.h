#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Replaces each `${name}` in every value below `node` (keys stay as they are). An unknown name is a problem with a
/// "did you mean". Values of settings are not expanded again.
void fill_in_settings(YamlNode& node, const Settings& settings, Problems& problems);

}  // namespace sluice::normalize
