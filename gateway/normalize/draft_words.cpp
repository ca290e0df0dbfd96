#include "gateway/normalize/draft_words.h"

#include <algorithm>
#include <array>

namespace sluice::normalize {

namespace {

struct Known {
  std::string_view word, name, unit;
};

constexpr std::string_view none = "none";

constexpr std::array known_words = {
    Known{"t", "temperature", "Cel"},
    Known{"tmp", "temperature", "Cel"},
    Known{"tmpr", "temperature", "Cel"},
    Known{"temp", "temperature", "Cel"},
    Known{"temperatur", "temperature", "Cel"},
    Known{"temperature", "temperature", "Cel"},
    Known{"dewpoint", "dew_point", "Cel"},
    Known{"dew_point", "dew_point", "Cel"},
    Known{"h", "humidity", "%RH"},
    Known{"rh", "humidity", "%RH"},
    Known{"hum", "humidity", "%RH"},
    Known{"humi", "humidity", "%RH"},
    Known{"humidity", "humidity", "%RH"},
    Known{"press", "pressure", "hPa"},
    Known{"baro", "pressure", "hPa"},
    Known{"pressure", "pressure", "hPa"},
    Known{"sea_pressure", "sea_pressure", "hPa"},
    Known{"lux", "illuminance", "lx"},
    Known{"lx", "illuminance", "lx"},
    Known{"illuminance", "illuminance", "lx"},
    Known{"co2", "co2", "ppm"},
    Known{"eco2", "eco2", "ppm"},
    Known{"voc", "tvoc", "[ppb]"},
    Known{"tvoc", "tvoc", "[ppb]"},
    Known{"pm1", "pm1", "ug/m3"},
    Known{"pm25", "pm2_5", "ug/m3"},
    Known{"pm2_5", "pm2_5", "ug/m3"},
    Known{"pm10", "pm10", "ug/m3"},
    Known{"bat", "battery", "%EL"},
    Known{"batt", "battery", "%EL"},
    Known{"soc", "battery", "%EL"},
    Known{"battery", "battery", "%EL"},
    Known{"battery_level", "battery", "%EL"},
    Known{"battery_percentage", "battery", "%EL"},
    Known{"volt", "voltage", "V"},
    Known{"volts", "voltage", "V"},
    Known{"voltage", "voltage", "V"},
    Known{"amps", "current", "A"},
    Known{"current", "current", "A"},
    Known{"freq", "frequency", "Hz"},
    Known{"frequency", "frequency", "Hz"},
    Known{"watt", "power", "W"},
    Known{"watts", "power", "W"},
    Known{"power", "power", "W"},
    Known{"active_power", "power", "W"},
    Known{"apparent_power", "apparent_power", "VA"},
    Known{"reactive_power", "reactive_power", "var"},
    Known{"pf", "power_factor", "/"},
    Known{"power_factor", "power_factor", "/"},
    Known{"kwh", "energy", "kWh"},
    Known{"energy", "energy", "kWh"},
    Known{"uptime", "uptime", "s"},
    Known{"lqi", "linkquality", none},
    Known{"linkquality", "linkquality", none},
    Known{"link_quality", "linkquality", none},
    Known{"channel", "channel", none},
    Known{"id", "id", none},
    Known{"index", "index", none},
    Known{"count", "count", none},
    Known{"counter", "counter", none},
    Known{"version", "version", none},
    Known{"brightness", "brightness", none},
};

struct Suffix {
  std::string_view text, unit;
};

constexpr std::array suffixes = {
    Suffix{"_c", "Cel"},     Suffix{"_f", "[degF]"}, Suffix{"_w", "W"},      Suffix{"_kw", "kW"},
    Suffix{"_wh", "Wh"},     Suffix{"_kwh", "kWh"},  Suffix{"_v", "V"},      Suffix{"_mv", "mV"},
    Suffix{"_a", "A"},       Suffix{"_ma", "mA"},    Suffix{"_hz", "Hz"},    Suffix{"_hpa", "hPa"},
    Suffix{"_mbar", "hPa"},  Suffix{"_pa", "Pa"},    Suffix{"_ppm", "ppm"},  Suffix{"_ppb", "[ppb]"},
    Suffix{"_lux", "lx"},    Suffix{"_lx", "lx"},    Suffix{"_dbm", "dBm"},  Suffix{"_db", "dB"},
    Suffix{"_s", "s"},       Suffix{"_sec", "s"},    Suffix{"_ms", "ms"},    Suffix{"_mm", "mm"},
    Suffix{"_cm", "cm"},     Suffix{"_m", "m"},      Suffix{"_km", "km"},    Suffix{"_kmh", "km/h"},
    Suffix{"_km_h", "km/h"}, Suffix{"_m_s", "m/s"},  Suffix{"_kg", "kg"},    Suffix{"_g", "g"},
    Suffix{"_l", "l"},       Suffix{"_m3", "m3"},    Suffix{"_pct", "/100"}, Suffix{"_percent", "/100"},
    Suffix{"_deg", "deg"},
};

const Known* find_known(std::string_view word) {
  const auto found =
      std::find_if(known_words.begin(), known_words.end(), [&](const Known& one) { return one.word == word; });
  return found == known_words.end() ? nullptr : &*found;
}

/// The longest ending that names a unit: "_km_h" before "_h".
const Suffix* find_suffix(std::string_view word) {
  const Suffix* best = nullptr;
  for (const Suffix& suffix : suffixes)
    if (word.size() > suffix.text.size() && word.ends_with(suffix.text) &&
        (best == nullptr || suffix.text.size() > best->text.size()))
      best = &suffix;
  return best;
}

/// What a known word's unit is for values between these: the same word stands for several.
std::string_view unit_for(const Known& known, double low, double high) {
  if (known.name == "battery" && (low < 0 || high > 100)) return {};
  if (known.name == "battery" && high <= 5 && high > 1) return "V";
  if (known.name == "voltage" && low >= 1000) return "mV";
  if (known.name == "pressure" && low >= 30'000) return "Pa";
  if (known.name == "pressure" && (low < 300 || high > 1100)) return {};
  if (known.name == "humidity" && (low < 0 || high > 100)) return {};
  return known.unit;
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_inner(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string plain_word(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if (is_upper(c)) {
      if (i > 0 && is_inner(word[i - 1]) && !out.empty() && out.back() != '_') out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else if (is_inner(c)) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

bool looks_secret(std::string_view word) {
  const std::string plain = plain_word(word);
  for (const std::string_view part :
       {"password", "passwd", "passphrase", "secret", "token", "psk", "apikey", "credential"})
    if (plain.find(part) != std::string::npos) return true;
  return plain == "key" || plain.ends_with("_key") || plain == "pass" || plain == "pwd" || plain == "passkey";
}

Quantity quantity_of(std::string_view word, double low, double high) {
  const std::string plain = plain_word(word);
  if (plain.ends_with("rssi")) return {plain, high < 0 ? "dBm" : "", false};
  if (const Known* known = find_known(plain)) {
    if (known->unit == none) return {std::string(known->name), "", true};
    const std::string_view unit = unit_for(*known, low, high);
    if (known->name == "battery" && unit == "V") return {"voltage", "V", false};
    return {std::string(known->name), std::string(unit), false};
  }
  const Suffix* suffix = find_suffix(plain);
  if (suffix == nullptr) return {plain, "", false};
  const std::string_view stem = std::string_view(plain).substr(0, plain.size() - suffix->text.size());
  const Known* known = find_known(stem);
  return {std::string(known != nullptr ? known->name : stem), std::string(suffix->unit), false};
}

}  // namespace sluice::normalize
