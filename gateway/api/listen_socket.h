#pragma once

#include <string>
#include <string_view>

#include "gateway/core/result.h"

namespace sluice::api {

/// "host:port" or "[ipv6]:port".
struct HostPort {
  std::string host, port;
};
Result<HostPort> parse_host_port(std::string_view address);

struct ListenSocket {
  int socket = -1;  ///< non-blocking; the receiver closes it
  int port = 0;
};

/// Binds and listens. An address that is taken is an error: nothing is shared (no SO_REUSEPORT).
Result<ListenSocket> listen_on(std::string_view address);

/// The peer's address as text (an IPv4 one never in its IPv6 clothes), and whether it is this machine.
struct PeerAddress {
  std::string text;
  bool loopback = false;
};
PeerAddress peer_of(int socket);

}  // namespace sluice::api
