#include "gateway/api/listen_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::api {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Error complaint(std::string_view address, const std::string& why) {
  return unavailable("cannot listen on " + std::string(address) + ": " + why);
}

/// IPv4 first: whoever writes localhost means what everybody tries.
const addrinfo* preferred(const addrinfo* list) {
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next)
    if (entry->ai_family == AF_INET) return entry;
  return list;
}

int bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                                             : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

template <class Bytes>
std::string numeric(int family, const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, &bytes, text.data(), text.size());
  return text.data();
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size())
    return config_error("'" + std::string(address) + "' is not HOST:PORT, e.g. 127.0.0.1:8420");
  std::string_view host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return config_error("'" + std::string(address) + "': write an IPv6 address in brackets, [::1]:8420");
  return HostPort{std::string(host), std::string(address.substr(colon + 1))};
}

Result<ListenSocket> listen_on(std::string_view address) {
  const Result<HostPort> parts = parse_host_port(address);
  if (!parts) return parts.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &list); error != 0)
    return complaint(address, gai_strerror(error));
  const Addresses owner(list, freeaddrinfo);
  const addrinfo* to = preferred(list);

  const int fd = ::socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return complaint(address, std::generic_category().message(errno));
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // a restart need not wait for old connections to fade
  if (bind(fd, to->ai_addr, to->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
    const int error = errno;
    close(fd);
    return complaint(address, error == EADDRINUSE ? "another program listens there already"
                                                  : std::generic_category().message(error));
  }
  return ListenSocket{fd, bound_port(fd)};
}

PeerAddress peer_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  in_addr v4{};
  if (address.ss_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&v6)) return {numeric(AF_INET6, v6), IN6_IS_ADDR_LOOPBACK(&v6) != 0};
    std::memcpy(&v4, v6.s6_addr + 12, sizeof v4);
  } else {
    v4 = reinterpret_cast<const sockaddr_in*>(&address)->sin_addr;
  }
  return {numeric(AF_INET, v4), (ntohl(v4.s_addr) >> 24) == 127};
}

}  // namespace sluice::api
