#pragma once

#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/normalize/yaml_file.h"

namespace sluice::app {

/// What came of a reload.
struct Reloaded {
  std::vector<std::string> changes;  ///< in words; none: nothing has changed
  normalize::Problems warnings;      ///< what works and should be mended
  normalize::Problems problems;      ///< it was refused because of these, and nothing has changed
  std::string failure;               ///< the disk did not take it, and nothing has changed

  bool refused() const { return !problems.empty() || !failure.empty(); }
};

/// Where a reload is asked for, by any thread, and done, by one: one after the other, and one for all who asked before
/// it began.
class ReloadDesk {
 public:
  static constexpr std::size_t waiting_max = 2;  ///< each holds a thread of the HTTP server (see CommandPost)

  /// `ring`: tells the thread that serves.
  explicit ReloadDesk(std::function<void()> ring) : ring_(std::move(ring)) {}

  /// Blocks until it is done. Nothing: too many wait already, or the gateway ends.
  std::optional<Reloaded> ask();
  /// Does not ring, nor wait.
  void note();

  /// Does what was asked for, if anything.
  void serve(const std::function<Reloaded()>& reload);
  /// Whoever waits, or comes, gets nothing.
  void close();

 private:
  const std::function<void()> ring_;
  std::mutex mutex_;  ///< guards what follows
  bool noted_ = false, closed_ = false;
  std::vector<std::promise<std::optional<Reloaded>>> waiting_;
};

}  // namespace sluice::app
