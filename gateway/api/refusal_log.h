#pragma once

#include <functional>
#include <mutex>
#include <string_view>

#include "gateway/api/http_server.h"
#include "gateway/core/clock.h"
#include "gateway/core/log.h"

namespace sluice::api {

/// Tells the log who tried to change something and was refused. Whoever tries often does not fill the log: at most
/// `lines_max` a minute, the others are counted in the next line. Holds neither tokens nor queries nor bodies. Any
/// thread.
class RefusalLog {
 public:
  static constexpr int lines_max = 10;

  /// No log: says nothing.
  explicit RefusalLog(Log* log, std::function<Instant()> now = std::chrono::steady_clock::now)
      : log_(log), now_(std::move(now)) {}

  /// "POST /api/v1/… from 192.0.2.1 refused: wrong token"
  void refused(const Request& request, std::string_view why);

 private:
  Log* const log_;
  const std::function<Instant()> now_;
  std::mutex mutex_;
  Instant minute_begin_{};
  int lines_ = 0;  ///< in this minute
  std::uint64_t untold_ = 0;
};

}  // namespace sluice::api
