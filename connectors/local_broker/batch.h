#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gateway/core/message.h"

namespace sluice::local_broker {

/// What has been read and is not committed. Keeps the Messages' memory from one batch to the next, so that ordinary
/// messages cost no allocation; large ones are let go again. One thread.
class Batch {
 public:
  Batch(std::size_t count_max, std::size_t bytes_max) : count_max_(count_max), bytes_max_(bytes_max) {}

  /// A message to fill in, in a state left by an earlier one: set every member. Valid until the next call.
  Message& add(std::size_t bytes);
  void clear();

  bool empty() const { return count_ == 0; }
  bool full() const { return count_ >= count_max_ || bytes_ >= bytes_max_; }
  std::span<const Message> messages() const { return {slots_.data(), count_}; }

 private:
  const std::size_t count_max_;
  const std::size_t bytes_max_;
  std::vector<Message> slots_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace sluice::local_broker
