#include <atomic>
#include <iostream>
#include <mutex>
#include <unordered_set>

#include <nlohmann/json.hpp>
#include <signal.h>

#include "connectors/webhook/incoming.h"
#include "connectors/webhook/webhook_sink.h"
#include "gateway/api/http_server.h"
#include "gateway/app/commands.h"
#include "gateway/app/exit_code.h"

namespace sluice::app {

namespace {

using nlohmann::json;

constexpr std::size_t body_max = 16 << 20;
constexpr std::size_t unfolded_max = 64 << 20;
constexpr int depth_max = 70;  // an event nests at most 64 levels of a device's own

/// Reads JSON without following more levels than an event has: nlohmann's values are destroyed recursively.
json parse(std::string_view text) {
  return json::parse(
      text, [](int depth, json::parse_event_t, json&) { return depth <= depth_max; }, false);
}

/// Counts events by id, prints them, and answers as it was told to.
class Receiver {
 public:
  explicit Receiver(ReceiveOptions options) : options_(std::move(options)) {}

  api::Response answer(const api::Request& request) {
    if (request.method != "POST") return api::problem(405, "Only POST is possible here");
    const std::lock_guard lock(mutex_);
    requests_ += 1;
    if (options_.fail != 0) return api::problem(options_.fail, "Told to fail");
    if (is_down()) return api::problem(503, "Down for a while");
    const auto header = [&](std::string_view name) {
      const auto found = request.headers.find(std::string(name));
      return found == request.headers.end() ? std::string() : found->second;
    };
    const auto body = webhook::open_body(header, request.body, options_.secret, clock_.wall_time(), unfolded_max);
    if (!body) return refuse(401, body.error().message);
    return take(header("content-type"), *body);
  }

  std::string summary() const {
    const std::lock_guard lock(mutex_);
    return "received " + std::to_string(events_) + " events in " + std::to_string(requests_) + " requests, " +
           std::to_string(ids_.size()) + " unique, " + std::to_string(events_ - ids_.size()) + " duplicates";
  }

 private:
  api::Response refuse(int status, const std::string& why) {
    std::cerr << "refused: " << why << "\n";
    return api::problem(status, "Refused", why);
  }

  bool is_down() {
    if (options_.down_for == Duration(0)) return false;
    if (!first_request_) first_request_ = clock_.now();
    return clock_.now() < *first_request_ + options_.down_for;
  }

  api::Response take(const std::string& content_type, const std::string& body) {
    if (content_type.starts_with("application/x-ndjson")) return take_lines(body);
    const json parsed = parse(body);
    if (parsed.is_discarded()) return refuse(400, "the body is not JSON");
    if (!parsed.is_array()) return take_all({parsed});
    return take_all(parsed.get<std::vector<json>>());
  }

  api::Response take_lines(std::string_view body) {
    std::vector<json> events;
    while (!body.empty()) {
      const std::size_t end = body.find('\n');
      events.push_back(parse(body.substr(0, end)));
      if (events.back().is_discarded()) return refuse(400, "a line is not JSON");
      body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    }
    return take_all(events);
  }

  api::Response take_all(const std::vector<json>& events) {
    for (const json& event : events)
      if (!event.is_object() || !event.contains("id") || !event["id"].is_string())
        return refuse(400, "an event has no id");
    for (const json& event : events) {
      events_ += 1;
      const bool fresh = ids_.insert(event["id"].get<std::string>()).second;
      if (!options_.quiet && fresh) std::cout << event.dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
    }
    if (!options_.quiet) std::cout << std::flush;
    return {204, "", "", {}};
  }

  const ReceiveOptions options_;
  const SystemClock clock_;
  mutable std::mutex mutex_;
  std::optional<Instant> first_request_;
  std::uint64_t requests_ = 0, events_ = 0;
  std::unordered_set<std::string> ids_;
};

}  // namespace

int receive(const ReceiveOptions& options) {
  if (!options.secret.empty()) {
    if (const auto key = webhook::signing_key(options.secret); !key) {
      std::cerr << "sluice: --secret: " << key.error().message << "\n";
      return exit_usage;
    }
  }
  signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  Receiver receiver(options);
  api::HttpServer::Limits limits;
  limits.body_bytes_max = body_max;
  limits.request_time_max = std::chrono::seconds(60);
  const auto server = api::HttpServer::start(options.listen, limits,
                                             [&](const api::Request& request) { return receiver.answer(request); });
  if (!server) {
    std::cerr << "sluice: " << server.error().message << "\n";
    return exit_unavailable;
  }
  const std::size_t colon = options.listen.rfind(':');
  std::cerr << "receiving on http://" << options.listen.substr(0, colon) << ":" << (*server)->port()
            << "/ (Ctrl-C ends)\n";
  int signal = 0;
  sigwait(&ends, &signal);
  std::cerr << receiver.summary() << "\n";
  return exit_ok;
}

}  // namespace sluice::app
