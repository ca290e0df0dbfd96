#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

/// What each setting stands for: one value, or several, of which every one counts.
using Settings = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// Replaces each `${name}` in every value below `node` (keys stay as they are). An unknown name is a problem with a
/// "did you mean", and so is a setting with several values. Values of settings are not expanded again.
void fill_in_settings(YamlNode& node, const Settings& settings, Problems& problems);

/// The same for a text, or list of texts, that may stand for several: it becomes a list with every combination of the
/// values of the settings in it.
void spread_settings(YamlNode& node, const Settings& settings, Problems& problems);

}  // namespace sluice::normalize
