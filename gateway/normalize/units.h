#pragma once

#include <optional>
#include <string>
#include <string_view>

/// The units that a reading may have: SenML's (RFC 8428, RFC 8798), and where it has none, some of UCUM.
namespace sluice::normalize {

/// From one unit to another: value × times ÷ over + plus.
struct UnitChange {
  double times = 1;
  double over = 1;
  double plus = 0;
};

bool is_unit(std::string_view text);

/// Empty if `text` is a unit; otherwise what is wrong, with the unit that is meant where it is clear.
std::string why_no_unit(std::string_view text);

/// Nothing where one of them is no unit, or they do not measure the same.
std::optional<UnitChange> unit_change(std::string_view from, std::string_view into);

/// What can be converted into a unit, as a list for people; empty if nothing can.
std::string units_like(std::string_view unit);

}  // namespace sluice::normalize
