#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/local_broker/mqtt_source.h"
#include "gateway/api/api.h"
#include "gateway/api/http_server.h"
#include "gateway/app/clouds.h"
#include "gateway/app/console_log.h"
#include "gateway/app/difference.h"
#include "gateway/app/downlink.h"
#include "gateway/app/notify.h"
#include "gateway/app/quarantine_pages.h"
#include "gateway/app/reload_desk.h"
#include "gateway/app/setup.h"
#include "gateway/app/stop_signal.h"
#include "gateway/app/threads.h"
#include "gateway/core/clock.h"
#include "gateway/core/record_id.h"
#include "gateway/flow/delivery.h"
#include "gateway/flow/ingest.h"
#include "gateway/flow/notices.h"
#include "gateway/flow/replay.h"

namespace sluice::app {

/// The house, built and lived in: store, way in, ways out, HTTP interface, and all threads there are. Threads: the
/// local broker's (normalise and commit), those of each cloud (cloud_runner.h) and of the road down (downlink.h), the
/// HTTP server's, and the caller's, which does the housekeeping, and reloads.
class Gateway {
 public:
  /// Builds everything that needs no network. Errors: config (stop at the start), storage (data_dir).
  static Result<std::unique_ptr<Gateway>> open(Setup setup, const Clock& clock, ConsoleLog& log);
  ~Gateway();

  /// Runs until SIGTERM or SIGINT, which the caller has blocked in every thread, as SIGHUP, or until the database is
  /// found damaged. Returns true when every
  /// thread has ended; false when one hangs (in a name lookup, say) beyond the time a stop may take: everything
  /// acknowledged is durable then, and the process must end without destroying the Gateway.
  bool run();
  /// The database is damaged: the next start saves what can be read of it.
  bool damaged() const { return !store_->damage().empty(); }

 private:
  Gateway(Setup setup, const Clock& clock, ConsoleLog& log);
  Result<std::vector<Clouds::Part>> cloud_parts() const;
  Result<> open_store();
  Result<> open_flow(std::vector<Clouds::Part> parts);
  void open_api();
  std::string api_token(const Config& config) const;

  void start();
  bool stop();
  void step();
  void feed_watchdog();
  api::Picture picture() const;
  /// What it works by now: whoever reads messages beside the local broker's thread does it by this. Any thread.
  std::shared_ptr<const Setup> setup() const;

  // Reload: gateway_reload.cpp.

  /// Everything another setup needs, made before anything is changed.
  struct Prepared;
  Reloaded reload();
  Reloaded take_up();
  std::optional<Prepared> prepare(const Setup& next, const Difference& difference, normalize::Problems& problems) const;
  std::vector<Clouds::Part> parts_of(const Setup& next, const Difference& difference, std::vector<std::string>& again,
                                     normalize::Problems& problems) const;
  Result<> keep(const Setup& next, const Difference& difference, Prepared& prepared);
  void change(Setup next, const Difference& difference, Prepared prepared);
  void tell(const Reloaded& reloaded);

  mutable std::mutex setup_mutex_;  ///< guards setup_, which only the caller's thread changes
  std::shared_ptr<const Setup> setup_;
  const std::string gateway_id_;
  const Clock& clock_;
  ConsoleLog& log_;
  const Instant started_;
  Notify notify_;

  std::unique_ptr<store::Store> store_;
  RecordIds ids_;
  std::unique_ptr<flow::Devices> devices_;
  std::unique_ptr<flow::Ingest> ingest_;
  std::unique_ptr<flow::Replay> replay_;
  std::unique_ptr<QuarantinePages> quarantine_pages_;
  std::unique_ptr<local_broker::MqttSource> source_;
  std::unique_ptr<Downlink> downlink_;
  std::unique_ptr<Clouds> clouds_;
  std::unique_ptr<flow::Notices> notices_;
  ReloadDesk desk_;
  std::unique_ptr<StopSignal> signal_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<api::HttpServer> server_;
  Instant server_tried_{};
  Instant fed_{};

  Threads threads_;
};

}  // namespace sluice::app
