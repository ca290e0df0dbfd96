#pragma once

#include <memory>
#include <string>
#include <variant>

#include <sys/types.h>

#include "connectors/transport/lookup.h"
#include "connectors/transport/patience.h"
#include "connectors/transport/tls_context.h"

namespace sluice::transport {

/// A TCP connection, with TLS where there is a context, whose every wait ends with the caller's patience. Owned and
/// used by one thread. After a failure it is of no more use than to say what failed.
class Connection {
 public:
  using Opened = std::variant<std::unique_ptr<Connection>, Failure>;

  /// Tries the host's addresses one after the other, each with its share of the time that is left. `place` is the
  /// host and port for people.
  static Opened open(Lookup& lookup, TlsContext* tls, const std::string& place, const Patience& patience);
  static Opened open(const std::vector<Address>& addresses, TlsContext* tls, const std::string& place,
                     const Patience& patience);
  ~Connection();

  /// TLS over a connection that was opened without. False: the failure is set.
  bool shake_hands(TlsContext& tls, const Patience& patience);
  /// Whose certificate the peer showed and until when it is valid, in words.
  std::string certificate() const;

  /// Whether an idle connection can take another request: not if the peer has closed it or spoken unasked.
  bool usable();

  /// Bytes read; 0 at the end of the stream, -1 after a failure.
  ssize_t read(char* to, std::size_t size, const Patience& patience);
  /// Bytes written; -1 after a failure.
  ssize_t write(const char* from, std::size_t size, const Patience& patience);

  const Failure& failure() const { return failure_; }
  int socket() const { return socket_; }
  /// Ends TLS and leaves the socket to the caller to close.
  void release();

 private:
  Connection(int socket, std::string place);

  bool connect(const Address& address, const Patience& patience);
  bool wait(short events, const char* doing, const Patience& patience);
  /// What the result of an SSL_ function means: call it again, or the failure is set.
  bool again(int result, const char* doing, const Patience& patience);
  void fail(Failure::Kind kind, const char* doing, const std::string& why);

  int socket_;
  std::string place_;
  Ssl ssl_;
  Failure failure_;
};

}  // namespace sluice::transport
