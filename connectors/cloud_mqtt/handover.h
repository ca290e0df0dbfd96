#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>

#include "connectors/mqtt/wake.h"

namespace sluice::cloud_mqtt {

/// Where a thread leaves its Work for the one that keeps the connection, and waits for it to come back: deliver() a
/// Job, answer() a Telling. It belongs to the keeping thread from give() until release().
template <class Work>
class Handover {
 public:
  explicit Handover(std::shared_ptr<mqtt::Wake> wake) : wake_(std::move(wake)) {}

  /// Returns when the work is released; soon after a stop. One thread at a time.
  void give(Work& work, const std::stop_token& stop) {
    const std::stop_callback waker(stop, [this] {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
      wake_->call();
    });
    std::unique_lock lock(mutex_);
    work_ = &work;
    stop_ = stop;
    wake_->call();
    changed_.wait(lock, [&] { return work_ == nullptr || (!keeping_ && stop.stop_requested()); });
    work_ = nullptr;
  }

  /// For the keeping thread, which calls begin() first and end() last.
  void begin() {
    const std::lock_guard lock(mutex_);
    keeping_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    keeping_ = false;
    work_ = nullptr;
    changed_.notify_all();
  }
  /// The work at hand, null if there is none or its giver has been told to stop: that one is released.
  Work* at_hand() {
    const std::lock_guard lock(mutex_);
    if (work_ != nullptr && stop_.stop_requested()) {
      work_ = nullptr;
      changed_.notify_all();
    }
    return work_;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    work_ = nullptr;
    changed_.notify_all();
  }

 private:
  const std::shared_ptr<mqtt::Wake> wake_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  Work* work_ = nullptr;
  std::stop_token stop_;
  bool keeping_ = false;
};

}  // namespace sluice::cloud_mqtt
