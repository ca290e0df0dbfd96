#include "gateway/store/write_history.h"

#include <chrono>
#include <utility>

namespace sluice::store {

void WriteHistory::worked(Instant::duration took) {
  const double seconds = std::chrono::duration<double>(took).count();
  std::string mended;
  {
    const std::lock_guard lock(mutex_);
    mended = std::exchange(last_error_, {});
    for (std::size_t i = 0; i < bounds.size(); ++i)
      if (seconds <= bounds[i]) within_[i] += 1;
    sum_ += seconds;
    count_ += 1;
  }
  if (!mended.empty()) log_.info("store", "writing works again");
}

void WriteHistory::failed(const Error& error) {
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(last_error_, error.message);
  }
  if (before != error.message) log_.error("store", "writing failed: " + error.message);
}

std::string WriteHistory::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

Store::CommitTimes WriteHistory::times() const {
  const std::lock_guard lock(mutex_);
  Store::CommitTimes times;
  for (std::size_t i = 0; i < bounds.size(); ++i) times.buckets.emplace_back(bounds[i], within_[i]);
  times.sum = sum_;
  times.count = count_;
  return times;
}

}  // namespace sluice::store
