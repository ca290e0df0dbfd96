#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "connectors/local_broker/mqtt_source.h"
#include "gateway/api/api.h"
#include "gateway/api/http_server.h"
#include "gateway/app/config.h"
#include "gateway/app/downlink.h"
#include "gateway/app/notify.h"
#include "gateway/app/quarantine_pages.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/record_id.h"
#include "gateway/flow/delivery.h"
#include "gateway/flow/ingest.h"
#include "gateway/flow/notices.h"
#include "gateway/flow/replay.h"

namespace sluice::app {

/// The house, built and lived in: store, way in, ways out, HTTP interface, and all threads there are. Threads: the
/// local broker's (normalise and commit), two a cloud, those of the road down (downlink.h), the HTTP server's, and the
/// caller's, which does the housekeeping.
class Gateway {
 public:
  /// Builds everything that needs no network. Errors: config (stop at the start), storage (data_dir).
  static Result<std::unique_ptr<Gateway>> open(Config config, const Clock& clock, Log& log);
  ~Gateway();

  /// Runs until SIGTERM or SIGINT, which the caller has blocked in every thread. Returns true when every thread has
  /// ended; false when one hangs (in a name lookup, say) beyond the time a stop may take: everything acknowledged is
  /// durable then, and the process must end without destroying the Gateway.
  bool run();

 private:
  struct Cloud {
    std::unique_ptr<UplinkSink> sink;
    CommandSource* source = nullptr;  ///< the same, where it brings commands
    std::unique_ptr<flow::Delivery> delivery;
  };

  Gateway(Config config, const Clock& clock, Log& log);
  Result<> open_schemas();
  Result<> open_sinks();
  Result<> open_store();
  Result<> open_flow();
  Result<> open_downlink();
  void open_api();

  void start();
  void start_thread(std::string name, std::function<void()> body);
  bool stop();
  void deliver(flow::Delivery& delivery);
  void step();
  void feed_watchdog();
  /// The schemas as they are now, for replays. Any thread.
  flow::Replay::Reading reading() const;
  api::Picture picture() const;
  std::vector<flow::CloudState> cloud_states() const;

  const Config config_;
  const Clock& clock_;
  Log& log_;
  const Instant started_;
  Notify notify_;

  std::unique_ptr<store::Store> store_;
  RecordIds ids_;
  std::vector<std::string> filters_;
  std::shared_ptr<const normalize::Library> library_;
  std::unique_ptr<normalize::Normalizer> normalizer_;
  std::unique_ptr<flow::Devices> devices_;
  std::unique_ptr<flow::Ingest> ingest_;
  std::unique_ptr<flow::Replay> replay_;
  std::unique_ptr<QuarantinePages> quarantine_pages_;
  std::unique_ptr<local_broker::MqttSource> source_;
  std::vector<Cloud> clouds_;
  std::unique_ptr<Downlink> downlink_;
  std::unique_ptr<flow::Notices> notices_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<api::HttpServer> server_;
  Instant server_tried_{};
  Instant fed_{};

  std::stop_source stop_;
  std::atomic<int> running_{0};  ///< threads that have not ended
  std::vector<std::thread> threads_;
};

}  // namespace sluice::app
