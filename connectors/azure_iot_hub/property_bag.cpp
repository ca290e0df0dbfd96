#include "connectors/azure_iot_hub/property_bag.h"

#include <algorithm>

#include "gateway/core/percent.h"

namespace sluice::azure_iot_hub {

std::optional<std::string> raw_property(std::string_view bag, std::string_view name) {
  if (bag.starts_with('?')) bag.remove_prefix(1);
  while (!bag.empty()) {
    const std::size_t end = std::min(bag.find('&'), bag.size());
    const std::string_view pair = bag.substr(0, end);
    bag.remove_prefix(std::min(end + 1, bag.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && percent_decoded(pair.substr(0, equals)) == name)
      return std::string(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::string> property(std::string_view bag, std::string_view name) {
  const std::optional<std::string> raw = raw_property(bag, name);
  if (!raw) return std::nullopt;
  return percent_decoded(*raw);
}

}  // namespace sluice::azure_iot_hub
