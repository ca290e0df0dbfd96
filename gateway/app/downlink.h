#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "connectors/local_broker/command_sink.h"
#include "gateway/api/downlink.h"
#include "gateway/app/config.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/record_id.h"
#include "gateway/flow/answers.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/dispatch.h"
#include "gateway/normalize/commands.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/store/store.h"

namespace sluice::app {

/// The road down, built: from the clouds that bring commands, and the HTTP interface, to the devices and back.
class Downlink {
 public:
  struct Source {
    std::string cloud;
    CommandSource* source;
  };

  /// What is given must outlive it. Errors: storage.
  static Result<std::unique_ptr<Downlink>> open(const Config& config, std::shared_ptr<const normalize::Library> library,
                                                std::vector<Source> sources, store::Store& store,
                                                flow::Devices& devices, RecordIds& ids, const Clock& clock, Log& log);

  /// Starts its threads: dispatch; where anything is allowed, the client that reaches the devices; for each source one
  /// that asks and one that answers.
  using StartThread = std::function<void(std::string name, std::function<void()> body)>;
  void start(const StartThread& start_thread, std::stop_token stop);
  /// Nobody waits any more, so that the threads can end.
  void stop();

  /// For the HTTP interface.
  api::Downlink doors();

 private:
  struct Teller {
    Source source;
    std::unique_ptr<flow::Answers> answers;
  };

  Downlink(const Config& config, std::shared_ptr<const normalize::Library> library, flow::Devices& devices,
           const Clock& clock, Log& log);

  const bool anything_allowed_;
  normalize::Commands commands_;
  normalize::Normalizer replies_;
  flow::Devices& devices_;
  Log& log_;
  std::unique_ptr<local_broker::MqttCommandSink> sink_;
  std::unique_ptr<flow::Dispatch> dispatch_;
  std::vector<Teller> tellers_;
};

}  // namespace sluice::app
