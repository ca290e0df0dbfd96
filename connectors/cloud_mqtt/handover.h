#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

#include "connectors/cloud_mqtt/job.h"
#include "connectors/mqtt/wake.h"

namespace sluice::cloud_mqtt {

/// Where deliver() leaves its Job for the thread that keeps the connection, and waits for it to come back. The Job
/// belongs to that thread from give() until release().
class Handover {
 public:
  explicit Handover(std::shared_ptr<mqtt::Wake> wake) : wake_(std::move(wake)) {}

  /// Returns when the Job is released; soon after a stop. For deliver()'s thread.
  void give(Job& job, const std::stop_token& stop) {
    const std::stop_callback waker(stop, [this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
      wake_->call();
    });
    std::unique_lock lock(mutex_);
    job_ = &job;
    stop_ = stop;
    wake_->call();
    changed_.wait(lock, [&] { return job_ == nullptr || (!keeping_ && stop.stop_requested()); });
    job_ = nullptr;
  }

  /// For the keeping thread, which calls begin() first and end() last.
  void begin() {
    const std::lock_guard lock(mutex_);
    keeping_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    keeping_ = false;
    job_ = nullptr;
    changed_.notify_all();
  }
  /// The Job at hand, null if there is none or its giver has been told to stop: that one is released.
  Job* job() {
    const std::lock_guard lock(mutex_);
    if (job_ != nullptr && stop_.stop_requested()) {
      job_ = nullptr;
      changed_.notify_all();
    }
    return job_;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    job_ = nullptr;
    changed_.notify_all();
  }

 private:
  const std::shared_ptr<mqtt::Wake> wake_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  Job* job_ = nullptr;
  std::stop_token stop_;
  bool keeping_ = false;
};

}  // namespace sluice::cloud_mqtt
