#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/mqtt/client.h"
#include "connectors/mqtt/wake.h"

namespace sluice::mqtt {

/// One attempt to reach a broker, in a thread of its own: libmosquitto offers MQTT 5's CONNECT properties only on its
/// blocking connect, and a name lookup or a connect(2) that hangs can be neither bounded nor interrupted. The thread
/// has the client alone until outcome() hands it over; nothing is written meanwhile (CONNECT waits for loop_write), but
/// TLS may begin to shake hands. If the Dial goes first, it waits a second for the thread, and then leaves it behind:
/// it destroys the client when its call returns.
class Dial {
 public:
  struct Outcome {
    ClientPtr client;         ///< null if the broker was not reached
    std::string error;        ///< in words, then
    bool tls_failed = false;  ///< it was reached, and TLS failed
  };

  /// Calls `wake` when there is an outcome.
  Dial(ClientPtr client, Properties properties, const ClientOptions& options, Tls tls, std::shared_ptr<Wake> wake);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  /// Nothing while the attempt goes on; then its outcome, once.
  std::optional<Outcome> outcome();

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace sluice::mqtt
