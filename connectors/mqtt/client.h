#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "connectors/mqtt/address.h"
#include "connectors/transport/tls_context.h"
#include "gateway/core/result.h"

struct mosquitto;
struct mqtt5__property;

namespace sluice::mqtt {

using Tls = std::shared_ptr<transport::TlsContext>;

/// Destroying a client closes its socket without writing what is queued (over TLS, a close_notify at most).
struct DestroyClient {
  void operator()(mosquitto* client) const noexcept;
};
using ClientPtr = std::unique_ptr<mosquitto, DestroyClient>;

/// When what is queued is written.
enum class Writing {
  deferred,  ///< in loop_write and disconnect alone (mosquitto_threaded_set): nothing leaves behind the owner's back
  at_once,   ///< whenever the library is called
};

struct ClientOptions {
  Address address;
  std::string client_id;
  std::string username, password;       ///< empty: none
  int level = 5;                        ///< 5, or 4 for MQTT 3.1.1: the protocol level in CONNECT
  bool clean = false;                   ///< clean start: the peer keeps no session
  std::chrono::seconds keep_alive{60};  ///< 5 at least (libmosquitto)
  Writing writing = Writing::deferred;
};

/// A client of libmosquitto that is not connected. `tls`: null for plain TCP; whoever uses the client keeps it alive.
Result<ClientPtr> make_client(const ClientOptions& options, const Tls& tls);

/// What to poll(2) its socket for. While TLS shakes hands CONNECT waits in the queue, but it may be the peer's turn.
short events_of(mosquitto* client);
/// Whether something has come that poll(2) does not see, because TLS took the whole record from the socket.
bool pending(mosquitto* client);

/// While it is on, many small writes gather into few large segments, and they leave when it goes off (tcp(7)):
/// libmosquitto writes each packet by itself.
void set_cork(mosquitto* client, bool on);

/// Properties of MQTT 5 as libmosquitto lists them; null: none.
struct FreeProperties {
  void operator()(mqtt5__property* properties) const noexcept;
};
using Properties = std::unique_ptr<mqtt5__property, FreeProperties>;

}  // namespace sluice::mqtt
