#include "gateway/flow/redelivery.h"

#include <algorithm>

#include "gateway/flow/digest.h"

namespace sluice::flow {

namespace {

std::uint64_t digest_of(const Message& message) {
  // The lengths keep "a" + "bc" apart from "ab" + "c".
  const std::uint64_t lengths[2] = {message.topic.size(), message.payload_size << 1 | (message.retained ? 1 : 0)};
  return Digest(0, 0)
      .add({reinterpret_cast<const char*>(lengths), sizeof lengths})
      .add(message.topic)
      .add(message.payload)
      .finish();
}

}  // namespace

void Redelivery::load(std::span<const store::Receipt> receipts) {
  forget();
  for (const store::Receipt& receipt : receipts) entries_[receipt.packet_id] = {receipt.digest, ++ordinal_};
}

void Redelivery::forget() {
  std::fill(entries_.begin(), entries_.end(), Entry{});
  ordinal_ = 0;
  trusted_ = true;
}

bool Redelivery::recognises(const Message& message) const {
  if (!message.resent || message.packet_id == 0 || !trusted_) return false;
  const Entry& entry = entries_[message.packet_id];
  return recent(entry) && entry.digest == digest_of(message);
}

std::optional<store::Receipt> Redelivery::note(const Message& message) {
  if (message.qos == 0 || message.packet_id == 0 || !trusted_) return std::nullopt;
  Entry& entry = entries_[message.packet_id];
  if (!message.resent && recent(entry)) {
    trusted_ = false;
    return std::nullopt;
  }
  if (++ordinal_ == 0) ordinal_ = 1;
  entry = {digest_of(message), ordinal_};
  return store::Receipt{message.packet_id, entry.digest};
}

}  // namespace sluice::flow
