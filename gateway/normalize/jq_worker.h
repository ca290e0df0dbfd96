#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "gateway/core/result.h"

namespace sluice::normalize {

/// Runs jq programs in a process of its own. libjq cannot be bounded from within: a loop runs for ever, a product of
/// text and number takes all memory, and where memory fails it aborts. In a process of its own it has 1 second a
/// message and 256 MiB; beyond that the process is killed, the message refused, and the next one gets a new process.
///
/// Costs some 50 µs a message, and some 50 ms for the first message of each program. The process is started by the
/// first message that needs it, and ends with this object, or with the gateway. One thread.
class JqWorker {
 public:
  explicit JqWorker(std::vector<std::string> programs, std::chrono::seconds time_max = std::chrono::seconds(1))
      : programs_(std::move(programs)), time_max_(time_max) {}
  ~JqWorker() { stop(); }
  JqWorker(const JqWorker&) = delete;
  JqWorker& operator=(const JqWorker&) = delete;

  /// The program's one result as JSON, empty where it has none. Numbers beyond 2^53 lose digits: jq has doubles only.
  Result<std::string> run(std::size_t program, std::string_view json);

 private:
  Result<> start();
  void stop();
  Result<std::string> fail(std::string why);

  std::string too_long() const;

  const std::vector<std::string> programs_;
  const std::chrono::seconds time_max_;  ///< a message
  pid_t process_ = -1;
  int channel_ = -1;
};

/// Why a jq program cannot be compiled; empty if it can.
std::string check_jq(const std::string& program);

}  // namespace sluice::normalize
