#include "gateway/api/api.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace sluice::api {

namespace {

std::string header(const Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string() : found->second;
}

/// The host of a Host header, lower case, without port and brackets.
std::string host_of(std::string text) {
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    text.resize(colon);
  }
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Whether `host` is a loopback address or its name. A name that only looks like one ("127.example.org") is not.
bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

/// Compares in a time that does not tell how much of a guess was right.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]);
  return difference == 0;
}

Response plain(int status, std::string body) {
  return {status, "text/plain; charset=utf-8", std::move(body), {}};
}

Response health(const Picture& picture) {
  if (picture.store_error.empty()) return plain(200, "ok\n");
  return problem(503, "The disk does not take messages", picture.store_error);
}

Response readiness(const Picture& picture) {
  if (picture.broker.connected && picture.broker.subscribed) return plain(200, "ready\n");
  return problem(503, "Not subscribed at the local broker", picture.broker.last_error);
}

}  // namespace

Api::Api(Options options, std::function<Picture()> picture)
    : options_(std::move(options)), picture_(std::move(picture)) {}

bool Api::known_host(const Request& request) const {
  const std::string host = host_of(header(request, "host"));
  return is_loopback(host) || std::find(options_.hosts.begin(), options_.hosts.end(), host) != options_.hosts.end();
}

bool Api::may_read(const Request& request) const {
  if (request.from_loopback) return true;
  const std::string authorization = header(request, "authorization");
  constexpr std::string_view scheme = "Bearer ";
  return !options_.token.empty() && authorization.starts_with(scheme) &&
         same_secret(std::string_view(authorization).substr(scheme.size()), options_.token);
}

Response Api::answer(const Request& request) const {
  if (!known_host(request))
    return problem(421, "Unknown host", "The Host header names no loopback address and none of api.hosts.");
  const bool health_asked = request.path == "/healthz" || request.path == "/readyz";
  const bool known = health_asked || request.path == "/metrics" || request.path == "/api/v1/status";
  if (!known) return problem(404, "No such resource");
  if (request.method != "GET" && request.method != "HEAD") {
    Response refusal = problem(405, "Only GET is possible here");
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  if (!health_asked && !may_read(request)) {
    Response refusal = problem(401, "A token is needed", "Send 'Authorization: Bearer …' with the value of api.token.");
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refusal;
  }
  const Picture picture = picture_();
  if (request.path == "/healthz") return health(picture);
  if (request.path == "/readyz") return readiness(picture);
  if (request.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(picture), {}};
  return {200, "application/json", status_json(picture), {}};
}

}  // namespace sluice::api
