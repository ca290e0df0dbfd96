#pragma once

#include <iomanip>
#include <iostream>
#include <string>

#include "gateway/app/paint.h"

namespace sluice::app {

/// What `doctor` prints, a line a step: how it went, which connection, which step, and in words what was found or what
/// to change.
class DoctorReport {
 public:
  /// What follows is about this connection.
  void turn_to(std::string connection) { connection_ = std::move(connection); }

  void ok(const std::string& step, const std::string& words) { line("ok", true, step, words); }
  void fail(const std::string& step, const std::string& words) {
    failed_ = true;
    line("FAIL", false, step, words);
  }
  /// Works, and loses messages one day.
  void hint(const std::string& step, const std::string& words) { line("hint", false, step, words); }
  void not_tried(const std::string& step, const std::string& why) { line("-", true, step, why); }

  bool failed() const { return failed_; }

 private:
  void line(const std::string& mark, bool good, const std::string& step, const std::string& words) const {
    std::cout << paint_(mark, good) << std::string(6 - mark.size(), ' ') << std::left << std::setw(16) << connection_
              << ' ' << std::setw(10) << step << ' ' << words << std::endl;
  }

  const Paint paint_{};
  std::string connection_;
  bool failed_ = false;
};

}  // namespace sluice::app
