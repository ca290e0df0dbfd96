#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// Tells one cloud how the commands ended that it asked to be told of, until it has taken each answer. What is told and
/// not yet stored as told is told again after a crash. step and wait: one thread; wake: any.
class Answers {
 public:
  /// `seed`: of the dice that spread its rests.
  Answers(std::string cloud, store::Store& store, CommandSource& source, const Clock& clock, Log& log,
          unsigned seed = std::random_device{}());

  /// Tells what can be told now. Returns how long to rest unless woken.
  Duration step(const std::stop_token& stop);
  void wait(Duration most);
  void wake();

 private:
  struct Later {
    Instant at{};
    int failures = 0;
  };
  bool tell(const store::OwedAnswer& owed, const std::stop_token& stop);

  const std::string cloud_;
  store::Store& store_;
  CommandSource& source_;
  const Clock& clock_;
  Log& log_;
  std::map<std::int64_t, Later> later_;  ///< answers that were put off
  std::minstd_rand random_;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable woken_;
  bool wake_ = true;
};

}  // namespace sluice::flow
