#include "gateway/app/commit_figures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::app {

void CommitFigures::add(std::uint64_t messages, std::int64_t micros, std::optional<std::uint64_t> bytes) {
  messages_ += messages;
  micros_.push_back(micros);
  bytes_ += bytes.value_or(0);
  bytes_known_ &= bytes.has_value();
}

double CommitFigures::seconds() const {
  const std::int64_t all = std::accumulate(micros_.begin(), micros_.end(), std::int64_t{0});
  return static_cast<double>(std::max<std::int64_t>(all, 1)) / 1e6;
}

double CommitFigures::commits_per_s() const {
  return static_cast<double>(micros_.size()) / seconds();
}

double CommitFigures::messages_per_s() const {
  return static_cast<double>(messages_) / seconds();
}

double CommitFigures::within_ms(double share) const {
  if (micros_.empty()) return 0;
  std::vector<std::int64_t> sorted = micros_;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return static_cast<double>(*nth) / 1e3;
}

std::optional<double> CommitFigures::bytes_per_message() const {
  if (!bytes_known_ || bytes_ == 0 || messages_ == 0) return std::nullopt;
  return static_cast<double>(bytes_) / static_cast<double>(messages_);
}

}  // namespace sluice::app
