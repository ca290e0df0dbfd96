#include "connectors/webhook/request_headers.h"

#include <algorithm>
#include <array>

#include <strings.h>

#include "connectors/transport/base64.h"

namespace sluice::webhook {

namespace {

constexpr std::array own_names = {"Host",       "Content-Type",      "Content-Length",    "Content-Encoding",
                                  "Connection", "Transfer-Encoding", "Accept-Encoding",   "Expect",
                                  "webhook-id", "webhook-timestamp", "webhook-signature", "Idempotency-Key"};

bool same_name(const std::string& a, const char* b) {
  return strcasecmp(a.c_str(), b) == 0;
}

/// RFC 9110 section 5.6.2.
bool is_token(const std::string& text) {
  constexpr std::string_view token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && text.find_first_not_of(token) == std::string::npos;
}

bool is_value(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

Result<> check(const std::string& name, const std::string& value) {
  if (!is_token(name)) return config_error("'" + name + "' cannot be the name of a header");
  if (!is_value(value)) return config_error("the value of the header " + name + " holds a control character");
  for (const char* own : own_names)
    if (same_name(name, own)) return config_error("the header " + name + " is set by the gateway itself");
  return {};
}

std::string basic_credentials(const Options& options) {
  return transport::base64(options.username + ":" + options.password);
}

void add_query(transport::Redaction& redaction, const Url& url) {
  if (const std::size_t query = url.target.find('?'); query != std::string::npos)
    redaction.add(url.target.substr(query + 1));
}

Result<std::string> authorization(const Options& options) {
  if (!options.bearer.empty() && !options.username.empty())
    return config_error("auth takes either bearer or username and password");
  if (!is_value(options.bearer)) return config_error("auth.bearer holds a control character");
  if (options.username.find(':') != std::string::npos) return config_error("auth.username holds a colon");
  if (!options.bearer.empty()) return "Bearer " + options.bearer;
  if (!options.username.empty()) return "Basic " + basic_credentials(options);
  return std::string();
}

}  // namespace

Result<Headers> constant_headers(const Options& options) {
  Result<std::string> credentials = authorization(options);
  if (!credentials) return credentials.error();
  Headers headers;
  bool names_agent = false;
  for (const auto& [name, value] : options.headers) {
    if (const Result<> checked = check(name, value); !checked) return checked.error();
    if (!credentials->empty() && same_name(name, "Authorization"))
      return config_error("the header Authorization is given twice: under headers and by auth");
    names_agent = names_agent || same_name(name, "User-Agent");
    headers.emplace_back(name, value);
  }
  if (!names_agent) headers.emplace_back("User-Agent", options.user_agent);
  if (!credentials->empty()) headers.emplace_back("Authorization", *credentials);
  return headers;
}

Headers without(Headers headers, std::initializer_list<const char*> names) {
  std::erase_if(headers, [&](const auto& header) {
    return std::any_of(names.begin(), names.end(), [&](const char* name) { return same_name(header.first, name); });
  });
  return headers;
}

transport::Redaction redaction_of(const Options& options) {
  transport::Redaction redaction;
  redaction.add(options.bearer);
  redaction.add(options.password);
  if (!options.username.empty()) redaction.add(basic_credentials(options));
  redaction.add(options.signing_secret);
  for (const auto& header : options.headers) redaction.add(header.second);
  add_query(redaction, options.url);
  if (options.downlink && options.downlink->poll) add_query(redaction, *options.downlink->poll);
  return redaction;
}

}  // namespace sluice::webhook
