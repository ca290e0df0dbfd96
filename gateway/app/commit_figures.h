#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sluice::app {

/// What commits of one size cost.
class CommitFigures {
 public:
  /// `bytes`: what the process has written to the disk meanwhile; nothing where that cannot be told.
  void add(std::uint64_t messages, std::int64_t micros, std::optional<std::uint64_t> bytes);

  std::uint64_t messages() const { return messages_; }
  std::uint64_t commits() const { return micros_.size(); }
  double commits_per_s() const;
  double messages_per_s() const;
  /// The time that this share of the commits stayed within, in milliseconds.
  double within_ms(double share) const;
  /// Nothing where it is not known: a file system in memory writes nothing.
  std::optional<double> bytes_per_message() const;

 private:
  double seconds() const;
  std::vector<std::int64_t> micros_;
  std::uint64_t messages_ = 0, bytes_ = 0;
  bool bytes_known_ = true;
};

}  // namespace sluice::app
