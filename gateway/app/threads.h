#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "gateway/core/clock.h"

namespace sluice::app {

/// Threads that are asked to end together. Belongs to one thread.
class Threads {
 public:
  using Body = std::function<void(std::stop_token stop)>;

  Threads() = default;
  ~Threads();  ///< asks them to end, and waits until they have
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  void start(std::string name, Body body);
  void request_stop() { stop_.request_stop(); }
  /// Whether all that were started have returned.
  bool ended() const { return running_ == 0; }

 private:
  std::stop_source stop_;
  std::atomic<int> running_{0};
  std::vector<std::thread> threads_;
};

/// Rests, but not beyond a stop.
void rest(Duration time, const std::stop_token& stop);

}  // namespace sluice::app
