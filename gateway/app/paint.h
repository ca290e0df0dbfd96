#pragma once

#include <cstdlib>
#include <string>

#include <unistd.h>

namespace sluice::app {

/// Colours on a terminal only, and not with NO_COLOR (no-color.org).
class Paint {
 public:
  std::string operator()(const std::string& text, bool good) const {
    if (!on_) return text;
    return (good ? "\033[32m" : "\033[31m") + text + "\033[0m";
  }

 private:
  const bool on_ = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
};

}  // namespace sluice::app
