#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/app/cloud_sinks.h"
#include "gateway/app/threads.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/flow/answers.h"
#include "gateway/flow/delivery.h"
#include "gateway/store/store.h"

namespace sluice::app {

/// One cloud at work: its connector, its way out of the outbox and, where commands come from it, its way in; with the
/// threads of these alone, so that it can begin and end while everything else goes on.
class CloudRunner {
 public:
  /// What is given must outlive it, and the store must know the cloud before start().
  CloudRunner(Cloud cloud, CloudEnds ends, store::Store& store, CommandAcceptor& acceptor, const Clock& clock,
              Log& log);

  void start();
  bool started() const { return started_; }
  /// Returns at once; `ended` once its threads have: one that hangs in a name lookup may take its time.
  void request_stop();
  bool ended() const { return threads_.ended(); }

  const Cloud& cloud() const { return cloud_; }
  const std::string& name() const { return cloud_.name; }

  /// The rest is for any thread.
  flow::CloudState state() const { return delivery_.state(); }
  /// See flow::Delivery.
  void begin_as(const flow::CloudState& before) { delivery_.begin_as(before); }
  void look() { delivery_.look(); }
  /// It may have to be told how a command ended.
  void wake_answers();

 private:
  void deliver(const std::stop_token& stop);

  const Cloud cloud_;
  store::Store& store_;
  const CloudEnds ends_;
  flow::Delivery delivery_;
  std::unique_ptr<flow::Answers> answers_;  ///< null: no commands come from it
  bool started_ = false;
  Threads threads_;
};

}  // namespace sluice::app
