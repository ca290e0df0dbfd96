#pragma once

#include <string>
#include <utility>

#include "gateway/core/log.h"

namespace sluice::webhook {

/// Tells a trouble in the log when it begins and when it becomes another one, not each time it is met, and once more
/// when it is over. One thread.
class Trouble {
 public:
  Trouble(Log& log, std::string cloud) : log_(log), cloud_(std::move(cloud)) {}

  /// `what` says whether it is the same trouble as before; `text` is for people.
  void met(LogLevel level, std::string what, const std::string& text) {
    if (what == what_) return;
    what_ = std::move(what);
    log_.write(level, cloud_, text);
  }
  /// Nothing is told where there was no trouble.
  void over(const std::string& text) {
    if (!std::exchange(what_, {}).empty()) log_.info(cloud_, text);
  }

 private:
  Log& log_;
  std::string cloud_;
  std::string what_;  ///< empty: none
};

}  // namespace sluice::webhook
