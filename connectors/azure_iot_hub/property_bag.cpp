#include "connectors/azure_iot_hub/property_bag.h"

#include <algorithm>
#include <charconv>

#include "connectors/azure_iot_hub/percent.h"

namespace sluice::azure_iot_hub {

namespace {

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  const std::string_view part = text.substr(at, digits);
  if (part.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  int value = 0;
  std::from_chars(part.data(), part.data() + part.size(), value);
  return value;
}

/// Of "Z" or "+01:00".
std::optional<std::chrono::minutes> offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = number(text, 1, 2);
  const auto minutes = number(text, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes size(*hours * 60 + *minutes);
  return text[0] == '-' ? -size : size;
}

}  // namespace

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

std::optional<Timestamp> read_time(std::string_view text) {
  const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  const auto hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  if ((text[10] != 'T' && text[10] != 't') || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  text.remove_prefix(19);
  // A fraction of a second is cut off: rather expired too soon.
  if (text.starts_with('.')) text.remove_prefix(std::min(text.find_first_not_of("0123456789", 1), text.size()));
  const std::optional<std::chrono::minutes> east = offset(text);
  if (!east) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second) - *east;
}

}  // namespace sluice::azure_iot_hub
