#include "gateway/normalize/units.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

namespace {

/// What units measure that can be converted into each other.
enum class Dimension {
  temperature,
  pressure,
  speed,
  length,
  rain_rate,
  energy,
  power,
  apparent_power,
  reactive_power,
  reactive_energy,
  voltage,
  current,
  charge,
  duration,
  mass,
  volume,
  flow,
  frequency,
  ratio,
  concentration,
  mass_concentration,
  bytes,
  byte_rate,
  bit_rate,
  resistance,
  irradiance,
  illuminance,
  magnetic,
  radiation,
  conductivity,
  angle,
  rotation,
};

/// (value + shift) × factor ÷ divisor is the value in the first unit of the dimension. Whole factors and divisors, so
/// that nothing is lost in them.
struct Unit {
  std::string_view name;
  Dimension dimension;
  double factor = 1;
  double divisor = 1;
  double shift = 0;
};

using D = Dimension;

/// Of SenML not: `C` and `F`, by which devices mean degrees and never coulomb and farad, and the discouraged `%`.
constexpr Unit units[] = {
    {"Cel", D::temperature},
    {"K", D::temperature, 1, 1, -273.15},
    {"[degF]", D::temperature, 5, 9, -32},
    {"Pa", D::pressure},
    {"hPa", D::pressure, 100},
    {"kPa", D::pressure, 1000},
    {"MPa", D::pressure, 1e6},
    {"mbar", D::pressure, 100},
    {"bar", D::pressure, 1e5},
    {"mm[Hg]", D::pressure, 133322, 1000},
    {"[in_i'Hg]", D::pressure, 33863788, 10000},
    {"[psi]", D::pressure, 44482216152605, 6451600000},
    {"m/s", D::speed},
    {"cm/s", D::speed, 1, 100},
    {"mm/s", D::speed, 1, 1000},
    {"km/h", D::speed, 10, 36},
    {"[mi_i]/h", D::speed, 1609344, 3600000},
    {"[kn_i]", D::speed, 1852, 3600},
    {"[ft_i]/s", D::speed, 3048, 10000},
    {"[yd_i]/s", D::speed, 9144, 10000},
    {"m", D::length},
    {"um", D::length, 1, 1e6},
    {"mm", D::length, 1, 1000},
    {"cm", D::length, 1, 100},
    {"km", D::length, 1000},
    {"[in_i]", D::length, 254, 10000},
    {"[ft_i]", D::length, 3048, 10000},
    {"[yd_i]", D::length, 9144, 10000},
    {"[mi_i]", D::length, 1609344, 1000},
    {"[nmi_i]", D::length, 1852},
    {"mm/h", D::rain_rate},
    {"[in_i]/h", D::rain_rate, 254, 10},
    {"m/h", D::rain_rate, 1000},
    {"J", D::energy},
    {"kJ", D::energy, 1000},
    {"MJ", D::energy, 1e6},
    {"W.s", D::energy},
    {"W.min", D::energy, 60},
    {"Wh", D::energy, 3600},
    {"kWh", D::energy, 3.6e6},
    {"MWh", D::energy, 3.6e9},
    {"W", D::power},
    {"mW", D::power, 1, 1000},
    {"kW", D::power, 1000},
    {"MW", D::power, 1e6},
    {"VA", D::apparent_power},
    {"kVA", D::apparent_power, 1000},
    {"var", D::reactive_power},
    {"kvar", D::reactive_power, 1000},
    {"varh", D::reactive_energy},
    {"kvarh", D::reactive_energy, 1000},
    {"V", D::voltage},
    {"uV", D::voltage, 1, 1e6},
    {"mV", D::voltage, 1, 1000},
    {"kV", D::voltage, 1000},
    {"A", D::current},
    {"uA", D::current, 1, 1e6},
    {"mA", D::current, 1, 1000},
    {"Ah", D::charge},
    {"mA.h", D::charge, 1, 1000},
    {"s", D::duration},
    {"us", D::duration, 1, 1e6},
    {"ms", D::duration, 1, 1000},
    {"min", D::duration, 60},
    {"h", D::duration, 3600},
    {"d", D::duration, 86400},
    {"wk", D::duration, 604800},
    {"kg", D::mass},
    {"mg", D::mass, 1, 1e6},
    {"g", D::mass, 1, 1000},
    {"t", D::mass, 1000},
    {"[lb_av]", D::mass, 45359237, 1e8},
    {"[oz_av]", D::mass, 45359237, 1.6e9},
    {"l", D::volume},
    {"ml", D::volume, 1, 1000},
    {"m3", D::volume, 1000},
    {"[gal_us]", D::volume, 3785411784, 1e9},
    {"[cft_i]", D::volume, 28316846592, 1e9},
    {"l/s", D::flow},
    {"l/min", D::flow, 1, 60},
    {"l/h", D::flow, 1, 3600},
    {"m3/h", D::flow, 1000, 3600},
    {"m3/s", D::flow, 1000},
    {"[gal_us]/min", D::flow, 3785411784, 6e10},
    {"Hz", D::frequency},
    {"kHz", D::frequency, 1000},
    {"MHz", D::frequency, 1e6},
    {"GHz", D::frequency, 1e9},
    {"/", D::ratio},
    {"/100", D::ratio, 1, 100},
    {"/1000", D::ratio, 1, 1000},
    {"ppm", D::concentration},
    {"[ppb]", D::concentration, 1, 1000},
    {"ug/m3", D::mass_concentration},
    {"mg/m3", D::mass_concentration, 1000},
    {"g/m3", D::mass_concentration, 1e6},
    {"kg/m3", D::mass_concentration, 1e9},
    {"mg/l", D::mass_concentration, 1e6},
    {"B", D::bytes},
    {"By", D::bytes},
    {"KiB", D::bytes, 1024},
    {"MiBy", D::bytes, 1048576},
    {"kBy", D::bytes, 1000},
    {"MBy", D::bytes, 1e6},
    {"GBy", D::bytes, 1e9},
    {"GB", D::bytes, 1e9},
    {"B/s", D::byte_rate},
    {"kBy/s", D::byte_rate, 1000},
    {"MB/s", D::byte_rate, 1e6},
    {"bit/s", D::bit_rate},
    {"kbit/s", D::bit_rate, 1000},
    {"Mbit/s", D::bit_rate, 1e6},
    {"Ohm", D::resistance},
    {"mOhm", D::resistance, 1, 1000},
    {"kOhm", D::resistance, 1000},
    {"MOhm", D::resistance, 1e6},
    {"W/m2", D::irradiance},
    {"mW/m2", D::irradiance, 1, 1000},
    {"uW/cm2", D::irradiance, 1, 100},
    {"lx", D::illuminance},
    {"klx", D::illuminance, 1000},
    {"T", D::magnetic},
    {"mT", D::magnetic, 1, 1000},
    {"uT", D::magnetic, 1, 1e6},
    {"Sv/h", D::radiation},
    {"mSv/h", D::radiation, 1, 1000},
    {"uSv/h", D::radiation, 1, 1e6},
    {"nSv/h", D::radiation, 1, 1e9},
    {"S/m", D::conductivity},
    {"mS/cm", D::conductivity, 1, 10},
    {"uS/cm", D::conductivity, 1, 1e4},
    {"deg", D::angle},
    {"rad", D::angle, 180, 3.14159265358979323846},
    {"1/s", D::rotation},
    {"1/min", D::rotation, 1, 60},
};

/// What is not converted into anything.
constexpr std::string_view alone[] = {
    "vars",  "VAs",   "kVAh",   "mo",          "a",      "%RH",   "%EL",   "EL",      "bit",   "beat/min", "beats",
    "deg/s", "rad/s", "count",  "dBm",         "dB",     "dBW",   "Bspl",  "dB[SPL]", "pH",    "NTU",      "m/s2",
    "[g]",   "N",     "S",      "Wb",          "H",      "uF",    "lm",    "cd",      "cd/m2", "m2",       "cm2",
    "km2",   "mol",   "mmol/l", "umol/(m2.s)", "Bq",     "Bq/m3", "pCi/l", "Gy",      "Sv",    "kat",      "sr",
    "lat",   "lon",   "J/m",    "Wh/km",       "kWh/m2", "cal",   "kcal",  "[iU]",    "[ppth]"};

/// What people write instead.
constexpr std::pair<std::string_view, std::string_view> meant[] = {
    {"C", "Cel"},         {"cel", "Cel"},
    {"°C", "Cel"},        {"degC", "Cel"},
    {"F", "[degF]"},      {"°F", "[degF]"},
    {"degF", "[degF]"},   {"%", "%RH (relative humidity), %EL (battery level) or /100"},
    {"lux", "lx"},        {"klux", "klx"},
    {"µg/m³", "ug/m3"},   {"μg/m³", "ug/m3"},
    {"ug/m³", "ug/m3"},   {"µg/m3", "ug/m3"},
    {"mg/m³", "mg/m3"},   {"g/m³", "g/m3"},
    {"m³", "m3"},         {"m³/h", "m3/h"},
    {"W/m²", "W/m2"},     {"m/s²", "m/s2"},
    {"ppb", "[ppb]"},     {"°", "deg"},
    {"Ω", "Ohm"},         {"kΩ", "kOhm"},
    {"ohm", "Ohm"},       {"mph", "[mi_i]/h"},
    {"kmh", "km/h"},      {"kph", "km/h"},
    {"kn", "[kn_i]"},     {"knots", "[kn_i]"},
    {"ft/s", "[ft_i]/s"}, {"psi", "[psi]"},
    {"mmHg", "mm[Hg]"},   {"inHg", "[in_i'Hg]"},
    {"in", "[in_i]"},     {"inch", "[in_i]"},
    {"in/h", "[in_i]/h"}, {"ft", "[ft_i]"},
    {"yd", "[yd_i]"},     {"mi", "[mi_i]"},
    {"nmi", "[nmi_i]"},   {"lb", "[lb_av]"},
    {"lbs", "[lb_av]"},   {"oz", "[oz_av]"},
    {"gal", "[gal_us]"},  {"ft³", "[cft_i]"},
    {"ft3", "[cft_i]"},   {"L", "l"},
    {"mL", "ml"},         {"L/min", "l/min"},
    {"lpm", "l/min"},     {"KWh", "kWh"},
    {"KWH", "kWh"},       {"KW", "kW"},
    {"Ws", "W.s"},        {"Wmin", "W.min"},
    {"mAh", "mA.h"},      {"VAr", "var"},
    {"VAR", "var"},       {"µS/cm", "uS/cm"},
    {"µSv/h", "uSv/h"},   {"µT", "uT"},
    {"µs", "us"},         {"rpm", "1/min"},
    {"bpm", "beat/min"},  {"sec", "s"},
    {"day", "d"},         {"days", "d"},
    {"bytes", "B"},       {"kB", "kBy"},
    {"KB", "kBy"},        {"MB", "MBy"},
    {"MiB", "MiBy"},
};

using Index = std::array<const Unit*, std::size(units)>;

/// By name: units may be looked up for each message.
const Index& by_name() {
  static const Index index = [] {
    Index all{};
    std::transform(std::begin(units), std::end(units), all.begin(), [](const Unit& unit) { return &unit; });
    std::sort(all.begin(), all.end(), [](const Unit* a, const Unit* b) { return a->name < b->name; });
    return all;
  }();
  return index;
}

const Unit* find_unit(std::string_view text) {
  const Index& index = by_name();
  const auto found = std::lower_bound(index.begin(), index.end(), text,
                                      [](const Unit* unit, std::string_view name) { return unit->name < name; });
  return found != index.end() && (*found)->name == text ? *found : nullptr;
}

bool is_exact(double number) {
  return number == std::trunc(number) && std::abs(number) < 9e15;
}

/// 3600 ÷ 3 600 000 is 1 ÷ 1000.
void shorten(double& times, double& over) {
  if (!is_exact(times) || !is_exact(over)) return;
  const auto common = static_cast<double>(std::gcd(static_cast<std::int64_t>(times), static_cast<std::int64_t>(over)));
  times /= common;
  over /= common;
}

}  // namespace

bool is_unit(std::string_view text) {
  return find_unit(text) != nullptr || std::find(std::begin(alone), std::end(alone), text) != std::end(alone);
}

std::string why_no_unit(std::string_view text) {
  if (is_unit(text)) return {};
  const auto mistaken =
      std::find_if(std::begin(meant), std::end(meant), [&](const auto& one) { return one.first == text; });
  std::string suggestion;
  if (mistaken != std::end(meant)) {
    suggestion = ": write " + std::string(mistaken->second);
  } else {
    std::vector<std::string_view> known(std::begin(alone), std::end(alone));
    for (const Unit& unit : units) known.push_back(unit.name);
    suggestion = did_you_mean(text, known);
  }
  return "'" + std::string(text) + "' is no unit of SenML or UCUM that is known here" + suggestion;
}

std::optional<UnitChange> unit_change(std::string_view from, std::string_view into) {
  if (from == into && is_unit(from)) return UnitChange{};
  const Unit* a = find_unit(from);
  const Unit* b = find_unit(into);
  if (a == nullptr || b == nullptr || a->dimension != b->dimension) return std::nullopt;
  UnitChange change{a->factor, a->divisor, 0};
  shorten(change.times, change.over);
  change.times *= b->divisor;
  change.over *= b->factor;
  shorten(change.times, change.over);
  change.plus = a->shift * change.times / change.over - b->shift;
  return change;
}

std::string units_like(std::string_view unit) {
  const Unit* wanted = find_unit(unit);
  std::string out;
  for (const Unit& one : units)
    if (wanted != nullptr && one.dimension == wanted->dimension && &one != wanted)
      out += (out.empty() ? "" : ", ") + std::string(one.name);
  return out;
}

}  // namespace sluice::normalize
