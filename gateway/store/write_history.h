#pragma once

#include <array>
#include <mutex>
#include <string>

#include "gateway/core/log.h"
#include "gateway/core/result.h"
#include "gateway/store/store.h"

namespace sluice::store {

/// How writing has gone: how long commits took, and what was wrong with the last one. Tells the log when writing begins
/// to fail and when it works again. Any thread.
class WriteHistory {
 public:
  explicit WriteHistory(Log& log) : log_(log) {}

  void worked(Instant::duration took);
  void failed(const Error& error);

  std::string last_error() const;
  Store::CommitTimes times() const;

 private:
  static constexpr std::array bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0};

  Log& log_;
  mutable std::mutex mutex_;
  std::string last_error_;
  std::array<std::uint64_t, bounds.size()> within_{};
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sluice::store
