#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/flow/delivery.h"
#include "gateway/store/store.h"

namespace sluice::api {

/// The gateway as people and scripts see it, taken at one moment: both equations of P2 hold in it exactly.
struct Picture {
  std::string gateway_id, version;
  std::int64_t uptime_s = 0;
  Timestamp taken_at{};
  bool clock_synced = true;  ///< otherwise records are marked

  struct Broker {
    bool connected = false, subscribed = false;
    Timestamp since{};
    std::uint64_t session_lost_total = 0;
    std::string last_error, protocol;
  } broker;

  store::Snapshot store;
  store::Store::CommitTimes commits;
  std::vector<flow::CloudState> clouds;  ///< in the order of store.clouds
  std::string store_error;               ///< empty: the disk works
};

/// The body of GET /api/v1/status.
std::string status_json(const Picture& picture);

/// The body of GET /metrics (Prometheus text exposition format 0.0.4).
std::string metrics_text(const Picture& picture);

}  // namespace sluice::api
