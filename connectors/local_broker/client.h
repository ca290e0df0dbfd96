#pragma once

#include <memory>

#include <mosquitto.h>

#include "connectors/local_broker/mqtt_source.h"
#include "connectors/local_broker/tls_context.h"

namespace sluice::local_broker {

/// Destroying a client closes its socket without writing what is queued (over TLS, a close_notify at most).
struct DestroyClient {
  void operator()(mosquitto* client) const noexcept { mosquitto_destroy(client); }
};
using ClientPtr = std::unique_ptr<mosquitto, DestroyClient>;

enum class Role {
  telemetry,  ///< the broker keeps its session; writes only in loop_write and disconnect (mosquitto_threaded_set)
  publisher,  ///< no session; writes at once
};

/// A client that is not connected. `level`: 5, or 4 for MQTT 3.1.1. `tls`: null for plain TCP.
Result<ClientPtr> make_client(const Options& options, int level, Role role, const TlsContext* tls);

/// The properties of CONNECT; freed with it.
struct FreeProperties {
  void operator()(mosquitto_property* properties) const noexcept { mosquitto_property_free_all(&properties); }
};
using Properties = std::unique_ptr<mosquitto_property, FreeProperties>;

/// For MQTT 5: a session that does not end by itself, `receive_maximum`, a maximum packet size; null for 3.1.1.
Properties connect_properties(const Options& options, int level);

}  // namespace sluice::local_broker
