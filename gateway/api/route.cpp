#include "gateway/api/route.h"

#include <charconv>
#include <span>

namespace sluice::api {

namespace {

using Segments = std::span<const std::string>;

std::string joined(Segments segments) {
  std::string out;
  for (const std::string& segment : segments) {
    if (&segment != segments.data()) out += '/';
    out += segment;
  }
  return out;
}

/// "family/name", or empty: both must say something.
std::string device_of(Segments segments) {
  if (segments.size() < 2 || segments[0].empty() || joined(segments.subspan(1)).empty()) return {};
  return joined(segments);
}

Route device_route(Segments segments) {
  Route route;
  route.device = device_of(segments);
  if (route.device.empty()) return route;
  route.kind = Route::Kind::device;
  const std::size_t count = segments.size();
  if (count < 4 || segments[count - 2] != "commands" || segments[count - 1].empty()) return route;
  route.addressee = device_of(segments.first(count - 2));
  if (!route.addressee.empty()) route.command = segments[count - 1];
  return route;
}

Route command_route(Segments segments) {
  Route route;
  route.id = joined(segments);
  if (!route.id.empty()) route.kind = Route::Kind::command;
  return route;
}

/// A number of quarantine; 0 if it is none.
std::int64_t entry_of(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() && id > 0 ? id : 0;
}

Route quarantine_route(Segments segments) {
  Route route;
  using enum Route::Kind;
  if (segments.size() > 2) return route;
  if (segments.size() == 1 && segments[0] == "replay") route.kind = replay;
  if (segments.size() == 1 && segments[0] == "drop") route.kind = drop;
  route.entry = entry_of(segments[0]);
  if (route.entry == 0) return route;
  if (segments.size() == 1) route.kind = quarantined;
  if (segments.size() == 2 && segments[1] == "replay") route.kind = replay;
  return route;
}

}  // namespace

Route route_of(const Request& request) {
  const Segments segments = request.segments;
  const auto is = [&](auto... names) {
    std::size_t i = 0;
    return segments.size() == sizeof...(names) && ((segments[i++] == names) && ...);
  };
  using enum Route::Kind;
  if (is("healthz")) return {health};
  if (is("readyz")) return {readiness};
  if (is("metrics")) return {metrics};
  if (is("api", "v1", "status")) return {status};
  if (is("api", "v1", "devices")) return {devices};
  if (is("api", "v1", "commands")) return {commands};
  if (is("api", "v1", "quarantine")) return {quarantine};
  if (is("api", "v1", "reload")) return {reload};
  if (segments.size() < 4 || segments[0] != "api" || segments[1] != "v1") return {};
  if (segments[2] == "devices") return device_route(segments.subspan(3));
  if (segments[2] == "commands") return command_route(segments.subspan(3));
  if (segments[2] == "quarantine") return quarantine_route(segments.subspan(3));
  return {};
}

}  // namespace sluice::api
