#include "connectors/cloud_mqtt/job.h"

#include <algorithm>

namespace sluice::cloud_mqtt {

void Job::published(int packet_id, std::size_t count, std::size_t bytes, Instant at) {
  flights_.push_back({packet_id, next_, count, bytes, at, {}});
  next_ += count;
}

void Job::reject(std::string reason) {
  flights_.push_back({0, next_, 1, 0, {}, Verdict::reject(std::move(reason))});
  next_ += 1;
  settle();
}

Job::Flight* Job::find(int packet_id) {
  const auto found = std::find_if(flights_.begin(), flights_.end(), [packet_id](const Flight& flight) {
    return flight.packet_id == packet_id && !flight.verdict;
  });
  return found == flights_.end() ? nullptr : &*found;
}

void Job::settle() {
  while (!flights_.empty() && flights_.front().verdict) {
    const Flight& flight = flights_.front();
    // What follows a deferral stays without a verdict, even if the cloud took it: order comes first.
    if (!ended_) verdicts_.insert(verdicts_.end(), flight.count, *flight.verdict);
    ended_ = ended_ || flight.verdict->outcome == Outcome::deferred;
    flights_.pop_front();
  }
}

void Job::rewind() {
  flights_.clear();
  next_ = verdicts_.size();
}

void Job::end(const Verdict& verdict) {
  flights_.clear();
  verdicts_.resize(records_.size(), verdict);
  next_ = records_.size();
  ended_ = true;
}

}  // namespace sluice::cloud_mqtt
