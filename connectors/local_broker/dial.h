#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/local_broker/client.h"
#include "connectors/local_broker/wake.h"

namespace sluice::local_broker {

/// One attempt to reach the broker, in a thread of its own: libmosquitto offers MQTT 5's CONNECT properties only on its
/// blocking connect, and a name lookup or a connect(2) that hangs can be neither bounded nor interrupted. The thread
/// has the client alone until outcome() hands it over; nothing is written meanwhile (CONNECT waits for loop_write). If
/// the Dial goes first, the thread is left behind and destroys the client when its call returns.
class Dial {
 public:
  struct Outcome {
    ClientPtr client;   ///< null if the broker was not reached
    std::string error;  ///< in words, then
  };

  /// Calls `wake` when there is an outcome.
  Dial(ClientPtr client, Properties properties, const Options& options, std::shared_ptr<Wake> wake);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  /// Nothing while the attempt goes on; then its outcome, once.
  std::optional<Outcome> outcome();

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace sluice::local_broker
