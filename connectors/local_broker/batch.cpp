#include "connectors/local_broker/batch.h"

namespace sluice::local_broker {
namespace {

/// More than nearly every device's message needs; 2000 slots that keep it all are 8 MB.
constexpr std::size_t kept_max = 2048;

void let_go_if_large(std::string& text) {
  if (text.capacity() > kept_max) std::string().swap(text);
}

}  // namespace

Message& Batch::add(std::size_t bytes) {
  if (count_ == slots_.size()) slots_.emplace_back();
  bytes_ += bytes + sizeof(Message);
  return slots_[count_++];
}

void Batch::clear() {
  for (std::size_t i = 0; i < count_; ++i) {
    let_go_if_large(slots_[i].topic);
    let_go_if_large(slots_[i].payload);
  }
  count_ = 0;
  bytes_ = 0;
}

}  // namespace sluice::local_broker
