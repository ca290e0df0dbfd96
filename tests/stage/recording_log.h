#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "gateway/core/log.h"

namespace sluice::stage {

/// Keeps what was logged, as "component: text".
class RecordingLog final : public Log {
 public:
  void write(LogLevel, std::string_view component, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::string(component) + ": " + std::string(text));
  }
  bool contains(std::string_view part) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : lines_)
      if (line.find(part) != std::string::npos) return true;
    return false;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace sluice::stage
