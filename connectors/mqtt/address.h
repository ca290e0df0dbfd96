#pragma once

#include <string>
#include <string_view>

#include "gateway/core/result.h"

namespace sluice::mqtt {

struct Address {
  std::string host;
  int port = 1883;
  bool tls = false;
};

/// "mqtt://host[:port]" (1883) or "mqtts://host[:port]" (8883); IPv6 in brackets. No user or path.
Result<Address> parse_address(std::string_view url);

/// "mqtt://host:1883", for people.
std::string words_of(const Address& address);

}  // namespace sluice::mqtt
