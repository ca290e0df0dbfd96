#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "connectors/local_broker/mqtt_source.h"

namespace sluice::local_broker {

/// Other options on their way to the thread that has the connection. Any thread puts; the loop looks, which costs it an
/// atomic read, and takes.
class PendingChange {
 public:
  struct Change {
    Options options;
    std::optional<Line> line;  ///< nothing: the connection stays
  };

  /// In place of one that has not been taken: where that wanted another connection, this one's options have it.
  void put(Change change) {
    const std::lock_guard lock(mutex_);
    if (change_ && change_->line && !change.line) change.line = std::move(change_->line);
    change_ = std::move(change);
    waits_ = true;
  }
  bool waits() const { return waits_; }
  std::optional<Change> take() {
    const std::lock_guard lock(mutex_);
    waits_ = false;
    return std::exchange(change_, std::nullopt);
  }
  /// Only one for which the connection stays.
  std::optional<Change> take_for_living() {
    const std::lock_guard lock(mutex_);
    if (!change_ || change_->line) return std::nullopt;
    waits_ = false;
    return std::exchange(change_, std::nullopt);
  }

 private:
  std::atomic<bool> waits_{false};
  std::mutex mutex_;
  std::optional<Change> change_;
};

}  // namespace sluice::local_broker
