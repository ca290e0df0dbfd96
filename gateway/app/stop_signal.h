#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/core/clock.h"

namespace sluice::app {

/// SIGTERM and SIGINT, taken by a thread of their own: whoever hangs in a call to the disk takes none. The caller has
/// blocked them, and SIGHUP, in every thread. From the signal on the process has `most` to end; then `overdue` is
/// called, and it ends without more ado.
class StopSignal {
 public:
  StopSignal(Duration most, std::function<void()> overdue);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether it has come, after waiting for it at most so long.
  bool wait(Duration time);

 private:
  void watch(Duration most, const std::function<void()>& overdue);

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  bool come_ = false, over_ = false;
  std::thread thread_;
};

}  // namespace sluice::app
