#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/record_id.h"

namespace sluice::app {

/// The cloud of a trial: takes events and remembers which message each one is, so that nothing that is lost, under two
/// ids, or out of order goes unseen. The same event under the same id again is a repeat, which is allowed.
class TrialCloud {
 public:
  /// CloudEvents, one a line.
  void take(std::string_view events);

  std::uint64_t delivered() const { return delivered_; }  ///< different messages
  std::uint64_t repeated() const { return repeated_; }
  std::uint64_t order_broken() const { return order_broken_; }  ///< first seen after a later one of its device
  std::uint64_t garbled() const { return garbled_; }            ///< not what any device said
  /// Messages that came under a second id, or under another one's.
  std::uint64_t two_ids() const;
  /// Of the messages up to this number.
  std::uint64_t missing(std::uint64_t through) const;

 private:
  void take_event(std::string_view event);
  void take_message(std::uint64_t number, const std::string& device, RecordId id);

  std::vector<RecordId> ids_;  ///< by number; zero: not seen
  std::map<std::string, std::uint64_t> newest_;
  std::uint64_t delivered_ = 0, repeated_ = 0, order_broken_ = 0, garbled_ = 0, under_second_ = 0;
};

}  // namespace sluice::app
