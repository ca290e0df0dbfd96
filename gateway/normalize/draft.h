#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gateway/core/message.h"
#include "gateway/core/result.h"

namespace sluice::normalize {

/// Gathers messages of devices that no schema knows, within limits, and writes a first schema for them: guessed topics,
/// formats, readings, names, units and times, with messages as examples that say what the schema makes of them. What
/// the guesses are worth people must see; but the examples hold at once, and secrets are masked in them. One thread.
class Draft {
 public:
  struct Limits {
    std::size_t topic_size_max = 512;
    std::size_t messages_max = 10'000;
    std::size_t bytes_max = 16 << 20;
    std::size_t topics_max = 500;
    std::size_t each_topic_max = 50;       ///< more of one topic teach nothing new
    std::size_t payload_max = 256 * 1024;  ///< larger ones are passed over
  };

  explicit Draft(Limits limits) : limits_(limits) {}
  Draft() : Draft(Limits()) {}

  /// Keeps the message if it is within the limits.
  void add(const std::string& topic, const std::string& payload, bool retained);
  /// Whether nothing more would be kept.
  bool full() const;

  std::size_t messages() const { return kept_.size(); }
  std::size_t topics() const { return by_topic_.size(); }
  std::size_t passed_over() const { return passed_over_; }

  /// The schema file. `family`: empty is guessed. `filter`: what was subscribed to; may be empty. Errors (invalid):
  /// there is nothing to write of, or the family's name cannot be one.
  Result<std::string> write(const std::string& family, const std::string& filter) const;

 private:
  struct Kept {
    std::string topic, payload;
    bool retained;
  };
  friend class DraftWriting;

  Limits limits_;
  std::vector<Kept> kept_;
  std::map<std::string, std::vector<std::size_t>> by_topic_;
  std::size_t bytes_ = 0, passed_over_ = 0;
};

}  // namespace sluice::normalize
