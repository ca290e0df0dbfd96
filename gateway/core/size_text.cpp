#include "gateway/core/size_text.h"

#include <array>
#include <charconv>
#include <utility>

namespace sluice {

namespace {

using namespace std::string_view_literals;
using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array duration_units = {Unit{"ms"sv, 1}, Unit{"s"sv, 1000}, Unit{"m"sv, 60'000}, Unit{"h"sv, 3'600'000},
                                       Unit{"d"sv, 86'400'000}};
constexpr std::array size_units = {Unit{""sv, 1},          Unit{"B"sv, 1},
                                   Unit{"KiB"sv, 1 << 10}, Unit{"MiB"sv, 1 << 20},
                                   Unit{"GiB"sv, 1 << 30}, Unit{"TiB"sv, std::int64_t{1} << 40}};
constexpr std::int64_t longest = std::int64_t{36525} * 86'400'000;
constexpr std::int64_t largest = std::int64_t{1} << 50;

std::optional<std::int64_t> parse(std::string_view text, const auto& units, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, factor] : units) {
    if (name != unit) continue;
    if (number > most / factor) return std::nullopt;
    return number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  const auto ms = parse(text, duration_units, longest);
  if (!ms) return std::nullopt;
  return Duration(*ms);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  return parse(text, size_units, largest);
}

}  // namespace sluice
