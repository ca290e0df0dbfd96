#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

namespace {

constexpr std::string_view host_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

/// An address may hold a password or a key, so no complaint repeats it.
Error complaint(std::string_view text) {
  return config_error("the address " + std::string(text));
}

bool is_ipv6(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

Result<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
    return complaint("has a port that is not a number from 1 to 65535");
  return port;
}

/// Takes "host", "host:port", "[ipv6]" and "[ipv6]:port".
Result<> parse_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos)
    return complaint("holds a user name or password; write them under auth");
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return complaint("has a [ without its ]");
    url.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!is_ipv6(url.host)) return complaint("has brackets round something that is no IPv6 address");
    if (!port.empty() && port.front() != ':') return complaint("has something after the ] that is no port");
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
    if (url.host.empty()) return complaint("names no host");
    if (url.host.find_first_not_of(host_characters) != std::string::npos)
      return complaint("has a host name with other characters than a-z 0-9 - . (write other scripts as xn--…)");
  }
  if (port.empty()) return {};
  const Result<int> number = parse_port(port.substr(1));
  if (!number) return number.error();
  url.port = *number;
  return {};
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  constexpr std::string_view https = "https://", http = "http://";
  if (text.starts_with(https)) {
    text.remove_prefix(https.size());
  } else if (text.starts_with(http)) {
    text.remove_prefix(http.size());
    url.tls = false;
    url.port = 80;
  } else {
    return complaint("must begin with https:// (or http://)");
  }
  const std::size_t authority_size = std::min(text.find_first_of("/?#"), text.size());
  if (const Result<> parsed = parse_authority(text.substr(0, authority_size), url); !parsed) return parsed.error();
  text.remove_prefix(authority_size);
  if (text.find('#') != std::string_view::npos) return complaint("has a fragment (#), which no server ever sees");
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= 0x7f; }))
    return complaint("has a space, a control or a non-ASCII character in its path; percent-encode it");
  if (!text.starts_with('/'))
    url.target = "/" + std::string(text);
  else
    url.target = text;
  return url;
}

bool Url::loopback() const {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

}  // namespace sluice::webhook
