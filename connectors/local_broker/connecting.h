#pragma once

#include "connectors/local_broker/mqtt_source.h"
#include "connectors/mqtt/client.h"

namespace sluice::local_broker {

/// Whether the broker keeps something for a client that is away.
enum class Session {
  lasting,  ///< clean start off, and it does not end by itself (MQTT 5 section 3.1.2.11.2)
  none,     ///< clean start, and it ends with the connection
};

/// A client's options at this protocol level (5, or 4 for 3.1.1). What it has queued leaves in loop_write alone.
mqtt::ClientOptions client_options(const Options& options, int level, Session session);

/// For MQTT 5: the session, `receive_maximum`, a maximum packet size; null for 3.1.1.
mqtt::Properties connect_properties(const Options& options, int level, Session session);

/// Whether this answer to CONNECT means that the broker does not know the version.
bool says_unsupported(int code);

}  // namespace sluice::local_broker
