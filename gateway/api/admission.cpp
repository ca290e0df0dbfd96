#include "gateway/api/admission.h"

#include <algorithm>

#include "gateway/api/header_fields.h"

namespace sluice::api {

namespace {

/// The host of a Host header, lower case, without port and brackets.
std::string host_of(std::string text) {
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    text.resize(colon);
  }
  return lower(text);
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

/// Host and port as an Origin writes them: lower case, and without the port that http has anyway.
std::string origin_of(const std::string& host) {
  std::string origin = "http://" + lower(host);
  if (origin.ends_with(":80")) origin.resize(origin.size() - 3);
  return origin;
}

/// Whether no other site's page stands behind the request. What is no browser sends neither header.
bool is_same_origin(const Request& request) {
  if (request.headers.contains("origin")) {
    const auto origin = only_value(request, "origin"), host = only_value(request, "host");
    if (!origin || !host || lower(*origin) != origin_of(*host)) return false;
  }
  if (!request.headers.contains("sec-fetch-site")) return true;
  const auto site = only_value(request, "sec-fetch-site");
  return site == "same-origin" || site == "none";
}

}  // namespace

bool known_host(const Request& request, const std::vector<std::string>& hosts) {
  const std::string host = host_of(only_value(request, "host").value_or(""));
  return is_loopback(host) || std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

bool has_token(const Request& request, const std::string& token) {
  constexpr std::string_view scheme = "bearer ";  // in any case: RFC 9110 section 11.1
  const std::string authorization = only_value(request, "authorization").value_or("");
  return !token.empty() && lower(authorization.substr(0, scheme.size())) == scheme &&
         same_secret(trim(std::string_view(authorization).substr(scheme.size())), token);
}

Response token_needed() {
  Response response = problem(401, "A token is needed",
                              "Send 'Authorization: Bearer …' with the right one: the value of api.token in the "
                              "configuration, or what stands in api.token in the gateway's data_dir.");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<Refusal> refusal_of_change(const Request& request, const std::string& token) {
  if (!has_token(request, token))
    return Refusal{token_needed(), request.headers.contains("authorization") ? "wrong token" : "no token"};
  if (!is_same_origin(request))
    return Refusal{problem(403, "A foreign web page", "Origin or Sec-Fetch-Site names another site."),
                   "sent by the web page of another site"};
  if (!is_json(request))
    return Refusal{problem(415, "JSON is needed", "Send 'Content-Type: application/json', in UTF-8."),
                   "the content type is not application/json"};
  return std::nullopt;
}

}  // namespace sluice::api
