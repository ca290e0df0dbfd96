#include "gateway/normalize/units.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace sluice::normalize {
namespace {

double converted(double value, std::string_view from, std::string_view into) {
  const std::optional<UnitChange> change = unit_change(from, into);
  EXPECT_TRUE(change) << from << " into " << into;
  return change ? value * change->times / change->over + change->plus : 0;
}

TEST(Units, every_kind_of_measurement_is_converted) {
  struct Pair {
    double value;
    std::string_view from;
    double result;
    std::string_view into;
  };
  constexpr Pair pairs[] = {{-40, "[degF]", -40, "Cel"},
                            {0, "Cel", 273.15, "K"},
                            {212, "[degF]", 373.15, "K"},
                            {1013.25, "hPa", 101325, "Pa"},
                            {760, "mm[Hg]", 1013.2472, "hPa"},
                            {29.92, "[in_i'Hg]", 1013.20453, "hPa"},
                            {1, "[psi]", 6.894757, "kPa"},
                            {1, "bar", 1000, "mbar"},
                            {36, "km/h", 10, "m/s"},
                            {1, "[mi_i]/h", 1.609344, "km/h"},
                            {1, "[kn_i]", 1.852, "km/h"},
                            {1, "[in_i]", 25.4, "mm"},
                            {1, "[ft_i]", 30.48, "cm"},
                            {1, "[mi_i]", 1.609344, "km"},
                            {1, "[nmi_i]", 1852, "m"},
                            {1, "[in_i]/h", 25.4, "mm/h"},
                            {3.6, "MJ", 1, "kWh"},
                            {60, "W.min", 1, "Wh"},
                            {3600, "W.s", 1, "Wh"},
                            {1, "MWh", 1000, "kWh"},
                            {1, "kJ", 1000, "J"},
                            {1500, "mW", 1.5, "W"},
                            {1, "MW", 1000, "kW"},
                            {1, "kVA", 1000, "VA"},
                            {1, "kvar", 1000, "var"},
                            {1, "kvarh", 1000, "varh"},
                            {3005, "mV", 3.005, "V"},
                            {1, "kV", 1000, "V"},
                            {1500, "mA", 1.5, "A"},
                            {1, "h", 60, "min"},
                            {1, "d", 86400, "s"},
                            {1500, "ms", 1.5, "s"},
                            {1, "[lb_av]", 0.45359237, "kg"},
                            {1, "kg", 1000, "g"},
                            {1, "[gal_us]", 3.785411784, "l"},
                            {1, "[cft_i]", 28.316846592, "l"},
                            {1, "m3", 1000, "l"},
                            {1, "l", 1000, "ml"},
                            {868, "MHz", 868000, "kHz"},
                            {0.5, "/", 50, "/100"},
                            {1, "ppm", 1000, "[ppb]"},
                            {1, "mg/m3", 1000, "ug/m3"},
                            {1, "MBy", 1000, "kBy"},
                            {1, "KiB", 1024, "By"}};
  for (const Pair& pair : pairs) {
    const double tolerance = 1e-6 * std::max(1.0, std::abs(pair.result));
    EXPECT_NEAR(converted(pair.value, pair.from, pair.into), pair.result, tolerance) << pair.from << " " << pair.into;
    EXPECT_NEAR(converted(pair.result, pair.into, pair.from), pair.value,
                1e-6 * std::max(1.0, std::abs(pair.value)) + 1e-5)
        << pair.into << " " << pair.from;
  }
}

TEST(Units, what_measures_something_else_is_not_converted) {
  EXPECT_FALSE(unit_change("W", "kWh"));
  EXPECT_FALSE(unit_change("VA", "W"));
  EXPECT_FALSE(unit_change("%RH", "/100"));
  EXPECT_FALSE(unit_change("ppm", "ug/m3"));
  EXPECT_FALSE(unit_change("dB", "dBm"));
  EXPECT_FALSE(unit_change("C", "Cel"));
  EXPECT_TRUE(unit_change("%RH", "%RH"));
}

TEST(Units, what_is_not_one_has_a_suggestion) {
  EXPECT_EQ(why_no_unit("ug/m3"), "");
  for (const char* none : {"", "C", "F", "%", "°C", "lux", "cel", "KWH", "µg/m³", "mph", "L"})
    EXPECT_NE(why_no_unit(none), "") << none;
  EXPECT_EQ(why_no_unit("mph"), "'mph' is no unit of SenML or UCUM that is known here: write [mi_i]/h");
  EXPECT_EQ(why_no_unit("furlong"), "'furlong' is no unit of SenML or UCUM that is known here");
}

}  // namespace
}  // namespace sluice::normalize
