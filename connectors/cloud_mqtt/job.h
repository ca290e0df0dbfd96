#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "gateway/core/record.h"
#include "gateway/core/verdict.h"

namespace sluice::cloud_mqtt {

/// The records of one deliver(), and how far they have come. Publishes are acknowledged in about the order they were
/// sent; when one is not, everything from there on is sent again. One thread at a time.
class Job {
 public:
  explicit Job(std::span<const Record> records) : records_(records) { verdicts_.reserve(records.size()); }

  /// What is to be published next, or nothing.
  std::span<const Record> waiting() const { return ended_ ? std::span<const Record>() : records_.subspan(next_); }
  std::size_t in_flight() const { return flights_.size(); }
  bool done() const { return flights_.empty() && (ended_ || next_ == records_.size()); }
  /// The oldest record without a verdict.
  const Record& oldest() const { return records_[verdicts_.size()]; }

  /// The first `count` of waiting() were published.
  void published(int packet_id, std::size_t count, std::size_t bytes, Instant at);
  /// The first of waiting() will never be.
  void reject(std::string reason);

  struct Flight {
    int packet_id = 0;
    std::size_t first = 0, count = 0, bytes = 0;
    Instant since{};
    std::optional<Verdict> verdict{};  ///< once it has one; it is then settled when all before it are
  };
  /// The publish with that packet id; null if there is none.
  Flight* find(int packet_id);
  const Flight* front() const { return flights_.empty() ? nullptr : &flights_.front(); }
  const std::deque<Flight>& flights() const { return flights_; }

  /// Hands verdicts on from the oldest publish, as far as they go. After a deferral nothing more is sent.
  void settle();
  /// The connection is gone, or a message must be taken apart: everything without a verdict waits again.
  void rewind();
  /// No more: what has no verdict gets this one.
  void end(const Verdict& verdict);

  std::vector<Verdict> take_verdicts() { return std::move(verdicts_); }

 private:
  std::span<const Record> records_;
  std::vector<Verdict> verdicts_;  ///< of the records at the front
  std::deque<Flight> flights_;
  std::size_t next_ = 0;
  bool ended_ = false;
};

}  // namespace sluice::cloud_mqtt
