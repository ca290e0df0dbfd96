#pragma once

#include <string>
#include <vector>

#include "connectors/transport/patience.h"
#include "connectors/transport/tls_context.h"

namespace sluice::transport {

/// One step of the way to a peer, for people.
struct ProbeStep {
  std::string name;  ///< "name", "TCP", "TLS"
  bool ok = false;
  std::string words;  ///< what was found, or what failed and what to change
};

/// Goes to the peer step by step, each a step further than the last, up to the first that fails: its name is looked up,
/// a connection is made, and with a context TLS shakes hands over it. Sends nothing else.
std::vector<ProbeStep> probe(const std::string& host, int port, TlsContext* tls, const Patience& patience);

}  // namespace sluice::transport
