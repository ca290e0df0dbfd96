#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/core/clock.h"

namespace sluice::app {

/// Blocks SIGTERM, SIGINT and SIGHUP, for whoever takes them in another way; writing to a closed pipe or beyond a file
/// size limit is an error value from now on, no death. Before there are threads.
void prepare_signals();

/// SIGTERM, SIGINT and SIGHUP, taken by a thread of their own: whoever hangs in a call to the disk takes none. The
/// caller has blocked them in every thread, so that one that comes earlier waits until then. SIGHUP calls `hangup`,
/// and ends a wait().
/// From SIGTERM or SIGINT on the process has `most` to end; then `overdue` is called, and it ends without more ado.
class StopSignal {
 public:
  StopSignal(Duration most, std::function<void()> overdue, std::function<void()> hangup);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether the end has come, after waiting for it at most so long, or until wake().
  bool wait(Duration time);
  /// Any thread.
  void wake();

 private:
  void watch(Duration most);

  const std::function<void()> overdue_, hangup_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  bool come_ = false, over_ = false, woken_ = false;
  std::thread thread_;
};

}  // namespace sluice::app
