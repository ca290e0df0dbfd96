#pragma once

#include <cstdint>
#include <string>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// What a path names.
struct Route {
  enum class Kind {
    unknown,
    health,
    readiness,
    metrics,
    status,
    devices,
    device,
    commands,
    command,
    quarantine,
    quarantined,
    replay,
    drop,
    reload
  };
  Kind kind = Kind::unknown;
  std::string device{};    ///< device: "family/name"; the name may hold slashes, plain or as %2F
  std::string id{};        ///< command
  std::int64_t entry = 0;  ///< quarantined, replay: of quarantine; 0: of several, and with drop

  /// A device's path that ends in /commands/{command} is also where a command to `addressee` is posted.
  std::string addressee{}, command{};
};

Route route_of(const Request& request);

}  // namespace sluice::api
