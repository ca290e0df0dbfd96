#include "gateway/api/route.h"

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
  if (segments.size() < 4 || segments[0] != "api" || segments[1] != "v1") return {};
  if (segments[2] == "devices") return device_route(segments.subspan(3));
  if (segments[2] == "commands") return command_route(segments.subspan(3));
  return {};
}

}  // namespace sluice::api
