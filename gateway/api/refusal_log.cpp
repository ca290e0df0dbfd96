#include "gateway/api/refusal_log.h"

namespace sluice::api {

namespace {
constexpr std::size_t path_size_max = 200;  ///< what a log line shows of it
}

void RefusalLog::refused(const Request& request, std::string_view why) {
  if (log_ == nullptr) return;
  std::string line = request.method.substr(0, path_size_max) + " " + request.path.substr(0, path_size_max) + " from " +
                     request.remote_address + " refused: ";
  line += why;
  {
    const std::lock_guard lock(mutex_);
    const Instant now = now_();
    if (lines_ == 0 || now - minute_begin_ >= std::chrono::minutes(1)) {
      minute_begin_ = now;
      lines_ = 0;
    }
    if (lines_ == lines_max) {
      ++untold_;
      return;
    }
    ++lines_;
    if (untold_ > 0) line += " (and " + std::to_string(std::exchange(untold_, 0)) + " more before it)";
  }
  log_->warning("api", line);
}

}  // namespace sluice::api
