#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "connectors/transport/patience.h"

namespace sluice::transport {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

/// Finds a host's addresses. getaddrinfo(3) knows neither a deadline nor a way to end it, so it runs in a thread of its
/// own that is left behind when patience ends; the next question for the host waits for that same thread, so there is
/// never more than one. `find` is called by one thread.
class Lookup {
 public:
  using Found = std::variant<std::vector<Address>, Failure>;
  using Ask = std::function<Found(const std::string& host, int port)>;

  /// What getaddrinfo(3) says, in the order of RFC 6724. Blocks.
  static Found ask_system(const std::string& host, int port);

  Lookup(std::string host, int port, Ask ask = ask_system);

  Found find(const Patience& patience);

 private:
  struct Question;

  std::string host_;
  int port_;
  Ask ask_;
  std::shared_ptr<Question> open_;  ///< asked, and not answered when patience ended
};

}  // namespace sluice::transport
