#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace sluice {

/// Counts observations by upper bounds, as Prometheus wants them. Not synchronised: its owner is.
class Histogram {
 public:
  Histogram(std::initializer_list<double> bounds) : bounds_(bounds), counts_(bounds_.size()) {}

  void observe(double value) {
    for (std::size_t i = 0; i < bounds_.size(); ++i)
      if (value <= bounds_[i]) counts_[i] += 1;
    sum_ += value;
    count_ += 1;
  }

  const std::vector<double>& bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }  ///< cumulative, one for each bound
  double sum() const { return sum_; }
  std::uint64_t count() const { return count_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sluice
