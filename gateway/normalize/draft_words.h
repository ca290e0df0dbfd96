#pragma once

#include <string>
#include <string_view>

namespace sluice::normalize {

/// What a quantity is called here, guessed from what a device calls it.
struct Quantity {
  std::string name;          ///< "temperature"; the device's own, made plain, where it is none of the known
  std::string unit;          ///< "Cel"; empty: none that the name says
  bool has_no_unit = false;  ///< it is known to have none: a counter, a channel
};

/// The words of the vocabulary (schemas/README.md, "Names of readings") that devices abbreviate and spell in many ways:
/// "temp", "TempC", "temperature_F", "batteryLevel". `low` and `high`: between which its values were.
Quantity quantity_of(std::string_view word, double low, double high);

/// Whether a member of this name is likely to hold what nobody else should see.
bool looks_secret(std::string_view word);

/// "batteryLevel", "Battery Level" and "battery-level" as battery_level.
std::string plain_word(std::string_view word);

}  // namespace sluice::normalize
