#include "gateway/api/api.h"

#include <algorithm>
#include <utility>

#include "gateway/api/admission.h"
#include "gateway/api/route.h"

namespace sluice::api {

namespace {

Response plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

Response json(std::string body) {
  return {200, "application/json", std::move(body), {}};
}

Response health(const Picture& picture) {
  if (picture.store_error.empty()) return plain(200, "ok\n");
  return problem(503, "The disk does not take messages", picture.store_error);
}

Response readiness(const Picture& picture) {
  if (picture.broker.connected && picture.broker.subscribed) return plain(200, "ready\n");
  return problem(503, "Not subscribed at the local broker", picture.broker.last_error);
}

Response device(const Downlink& downlink, const std::string& name) {
  std::optional<std::string> text = downlink.device ? downlink.device(name) : std::nullopt;
  return text ? json(std::move(*text)) : problem(404, "No such device", name);
}

Response command(const Downlink& downlink, const std::string& id) {
  std::optional<CommandAnswer> answer = downlink.look(id, Duration(0));
  return answer ? json(std::move(answer->text)) : problem(404, "No such command", id);
}

bool reads(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

/// No CORS headers, whatever is asked: a browser then lets no other site's page do more than it may by itself.
Response method_not_allowed(const std::vector<std::string>& methods) {
  std::string allowed;
  for (const std::string& method : methods) allowed += (allowed.empty() ? "" : ", ") + method;
  Response response = problem(405, "Only " + allowed + (methods.size() == 1 ? " is" : " are") + " possible here");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace

Api::Api(Options options, std::function<Picture()> picture, Downlink downlink, Log* log, Quarantine quarantine)
    : options_(std::make_shared<const Options>(std::move(options))),
      picture_(std::move(picture)),
      downlink_(std::move(downlink)),
      quarantine_(std::move(quarantine)),
      command_post_(downlink_),
      refusals_(log) {}

void Api::change(Options options) {
  auto next = std::make_shared<const Options>(std::move(options));
  const std::lock_guard lock(mutex_);
  options_.swap(next);
}

std::shared_ptr<const Api::Options> Api::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

bool Api::exists(const Route& route) const {
  switch (route.kind) {
    case Route::Kind::unknown:
      return false;
    case Route::Kind::devices:
      return downlink_.devices != nullptr;
    case Route::Kind::device:
      return downlink_.device != nullptr || takes_command(route);
    case Route::Kind::commands:
      return downlink_.commands != nullptr;
    case Route::Kind::command:
      return downlink_.look != nullptr;
    case Route::Kind::quarantine:
      return quarantine_.list != nullptr;
    case Route::Kind::quarantined:
      return quarantine_.show != nullptr;
    case Route::Kind::replay:
      return (route.entry != 0 ? quarantine_.replay != nullptr : quarantine_.replay_many != nullptr);
    case Route::Kind::drop:
      return quarantine_.drop_many != nullptr;
    case Route::Kind::reload:
      return reload_ != nullptr;
    default:
      return true;
  }
}

bool Api::takes_command(const Route& route) const {
  return !route.command.empty() && downlink_.command && downlink_.look;
}

std::vector<std::string> Api::methods_of(const Route& route) const {
  using enum Route::Kind;
  if (route.kind == replay || route.kind == drop || route.kind == reload) return {"POST"};
  std::vector<std::string> methods = {"GET", "HEAD"};
  if (takes_command(route)) methods.emplace_back("POST");
  if (route.kind == quarantined && quarantine_.drop) methods.emplace_back("DELETE");
  return methods;
}

Response Api::answer(const Request& request) {
  if (!known_host(request, options()->hosts)) {
    if (!reads(request)) refusals_.refused(request, "unknown host");
    return problem(421, "Unknown host", "The Host header names no loopback address and none of api.hosts.");
  }
  const Route route = route_of(request);
  if (!exists(route)) return problem(404, "No such resource");
  const std::vector<std::string> methods = methods_of(route);
  if (std::find(methods.begin(), methods.end(), request.method) == methods.end()) return method_not_allowed(methods);
  return reads(request) ? read(request, route) : change(request, route);
}

Response Api::read(const Request& request, const Route& route) const {
  using enum Route::Kind;
  const bool open = route.kind == health || route.kind == readiness;
  if (!open && !request.from_loopback && !has_token(request, options()->token)) return token_needed();
  switch (route.kind) {
    case health:
      return api::health(picture_());
    case readiness:
      return api::readiness(picture_());
    case metrics:
      return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(picture_()), {}};
    case status:
      return json(status_json(picture_()));
    case devices:
      return json(downlink_.devices());
    case device:
      return api::device(downlink_, route.device);
    case commands:
      return json(downlink_.commands());
    case command:
      return api::command(downlink_, route.id);
    case quarantine:
      return quarantine_.list(request);
    case quarantined:
      return quarantine_.show(route.entry);
    case replay:
    case drop:
    case reload:
    case unknown:
      break;
  }
  return problem(404, "No such resource");
}

Response Api::change(const Request& request, const Route& route) {
  if (std::optional<Refusal> refusal = refusal_of_change(request, options()->token)) {
    refusals_.refused(request, refusal->why);
    return std::move(refusal->response);
  }
  switch (route.kind) {
    case Route::Kind::replay:
      return route.entry != 0 ? quarantine_.replay(route.entry) : quarantine_.replay_many(request.body);
    case Route::Kind::drop:
      return quarantine_.drop_many(request.body);
    case Route::Kind::quarantined:
      return quarantine_.drop(route.entry);
    case Route::Kind::reload:
      return reload_();
    default:
      return command_post_.answer(request, route.addressee, route.command);
  }
}

}  // namespace sluice::api
