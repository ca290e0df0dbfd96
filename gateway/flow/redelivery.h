#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/core/message.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// Recognises a QoS 1 message that the broker delivers again although it is stored (P3). Recognised only if all hold:
/// DUP in a resumed session, the packet id of a stored message, its digest of topic, payload and retain flag, and fewer
/// than `window` QoS 1 messages since. In doubt a message is new: rather twice than never.
///
/// Brokers give packet ids in turn, so an id comes back after 65 535 others. One that comes back sooner for a new
/// message shows a broker that restored an older state, or one that gives the lowest free id: then nothing is
/// recognised any more, until the session is new. One thread.
class Redelivery {
 public:
  static constexpr std::uint32_t window = 32768;  ///< half of the id space

  /// What was stored earlier, oldest first.
  void load(std::span<const store::Receipt> receipts);
  void forget();

  bool recognises(const Message& message) const;

  /// Notes a message that will be stored, and gives its receipt. Nothing for one that is not QoS 1, or while packet ids
  /// are not trusted. After a false return of `trusted`, earlier receipts must be forgotten durably too.
  std::optional<store::Receipt> note(const Message& message);
  bool trusted() const { return trusted_; }

 private:
  struct Entry {
    std::uint64_t digest = 0;
    std::uint32_t ordinal = 0;  ///< 0: none
  };
  bool recent(const Entry& entry) const { return entry.ordinal != 0 && ordinal_ - entry.ordinal < window; }

  std::vector<Entry> entries_ = std::vector<Entry>(65536);
  std::uint32_t ordinal_ = 0;
  bool trusted_ = true;
};

}  // namespace sluice::flow
