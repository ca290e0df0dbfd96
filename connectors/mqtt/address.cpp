#include "connectors/mqtt/address.h"

#include <charconv>

namespace sluice::mqtt {
namespace {

Error unreadable(std::string_view url, std::string_view why) {
  return config_error("'" + std::string(url) + "' is not a broker's address: " + std::string(why) +
                      "; write mqtt://host, mqtt://host:1883 or mqtts://host:8883");
}

bool parse_port(std::string_view text, int& port) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && rest == end && port > 0 && port < 65536;
}

}  // namespace

Result<Address> parse_address(std::string_view url) {
  Address address;
  std::string_view rest = url;
  if (rest.starts_with("mqtts://")) {
    address.tls = true;
    address.port = 8883;
  } else if (!rest.starts_with("mqtt://")) {
    return unreadable(url, "it must begin with mqtt:// or mqtts://");
  }
  rest.remove_prefix(rest.find("://") + 3);
  if (rest.find_first_of("/?# ") != std::string_view::npos) return unreadable(url, "nothing may follow the port");
  if (rest.find('@') != std::string_view::npos)
    return config_error("a broker's address holds no login; use username and password");

  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return unreadable(url, "the bracket is not closed");
    address.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && port.front() != ':') return unreadable(url, "only a port may follow the bracket");
  } else {
    const std::size_t colon = rest.find(':');
    address.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon);
  }
  if (address.host.empty()) return unreadable(url, "the host is missing");
  if (!port.empty() && !parse_port(port.substr(1), address.port))
    return unreadable(url, "the port must be a number from 1 to 65535");
  return address;
}

std::string words_of(const Address& address) {
  const bool bracket = address.host.find(':') != std::string::npos;
  return (address.tls ? "mqtts://" : "mqtt://") + (bracket ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port);
}

}  // namespace sluice::mqtt
