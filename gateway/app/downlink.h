#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "connectors/local_broker/command_sink.h"
#include "gateway/api/downlink.h"
#include "gateway/app/setup.h"
#include "gateway/app/threads.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/record_id.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/dispatch.h"
#include "gateway/store/store.h"

namespace sluice::app {

/// The road down, built: from whoever brings commands to the devices and back. Belongs to one thread; what its doors
/// and its acceptor lead to is for any.
class Downlink {
 public:
  /// What is given must outlive it. Errors: storage.
  static Result<std::unique_ptr<Downlink>> open(const Setup& setup, store::Store& store, flow::Devices& devices,
                                                RecordIds& ids, const Clock& clock, Log& log);

  /// Starts its threads: dispatch and, once anything is allowed, the client that reaches the devices. They are asked to
  /// end before this is destroyed.
  void start(Threads& threads);
  /// Goes on by this. With a line the client to the devices is connected anew.
  void change(const Setup& setup, std::optional<local_broker::Line> line);
  /// Nobody waits any more, so that the threads can end.
  void stop();

  CommandAcceptor& acceptor() { return *dispatch_; }
  /// Called, from any thread, when whoever brought a command may have to be told something. Before start().
  void on_owed(std::function<void()> call) { dispatch_->on_owed(std::move(call)); }
  /// For the HTTP interface.
  api::Downlink doors();

 private:
  /// The way to the devices, which there is once something is allowed.
  class Way final : public CommandSink {
   public:
    void run(CommandListener& listener, std::stop_token stop) override { client_.load()->run(listener, stop); }
    bool ready() const override;
    Sent publish(const CommandPublish& publish, std::stop_token stop) override;
    /// For good: there is one, and it lives as long as this.
    void open(std::unique_ptr<local_broker::MqttCommandSink> client);
    local_broker::MqttCommandSink* client() { return client_; }

   private:
    std::unique_ptr<local_broker::MqttCommandSink> own_;
    std::atomic<local_broker::MqttCommandSink*> client_{nullptr};
  };

  Downlink(flow::Devices& devices, const Clock& clock, Log& log) : devices_(devices), clock_(clock), log_(log) {}
  void open_way(const Setup& setup);
  void start_way();
  std::shared_ptr<const flow::Rulebook> rules() const;

  flow::Devices& devices_;
  const Clock& clock_;
  Log& log_;
  Way way_;
  std::unique_ptr<flow::Dispatch> dispatch_;
  Threads* threads_ = nullptr;
  mutable std::mutex mutex_;  ///< guards rules_
  std::shared_ptr<flow::Rulebook> rules_;
};

}  // namespace sluice::app
