#include "tests/simulation/broker.h"

#include <algorithm>
#include <utility>

namespace sluice::simulation {

void Broker::publish(std::shared_ptr<Publish> what) {
  what->lost = !now_.session;
  if (now_.session) now_.queue.push_back(std::move(what));
}

bool Broker::connect() {
  connected_ = true;
  const bool known = std::exchange(now_.session, true);
  for (Sending& each : now_.in_flight) {
    each.again = true;
    each.handed_out = false;
    const auto before = taken_.find(each.packet_id);
    each.looks_taken = before != taken_.end() && !each.what->taken && before->second.says_as(*each.what);
  }
  return known;
}

std::vector<Broker::Sending> Broker::next(std::size_t count) {
  std::vector<Sending> out;
  for (Sending& each : now_.in_flight) {
    if (each.handed_out || out.size() == count) continue;
    each.handed_out = true;
    out.push_back(each);
  }
  for (; out.size() < count && !now_.queue.empty(); now_.queue.pop_front()) {
    now_.in_flight.push_back({now_.queue.front(), new_id(), true});
    out.push_back(now_.in_flight.back());
  }
  return out;
}

void Broker::acknowledged(std::size_t count) {
  now_.in_flight.erase(now_.in_flight.begin(), now_.in_flight.begin() + static_cast<std::ptrdiff_t>(count));
}

void Broker::taken(const Sending& sending) {
  sending.what->taken = true;
  taken_[sending.packet_id] = *sending.what;
}

void Broker::lose_session() {
  mark_lost(now_);
  now_ = {};
  fell_back_ = true;  // until the gateway has noted that its session is new
  kept_ = {};
  connected_ = false;
}

/// What came since is lost, what was acknowledged since comes again, and its ids are given anew.
void Broker::fall_back() {
  mark_lost(now_);
  now_ = kept_;
  fell_back_ = true;
  for (const auto& each : now_.queue) each->lost = false;
  for (const Sending& each : now_.in_flight) each.what->lost = false;
  connected_ = false;
}

void Broker::mark_lost(const State& state) {
  for (const auto& each : state.queue) each->lost = true;
  for (const Sending& each : state.in_flight) each.what->lost = true;
}

std::uint16_t Broker::new_id() {
  const auto used = [&](std::uint16_t id) {
    return std::any_of(now_.in_flight.begin(), now_.in_flight.end(),
                       [&](const Sending& each) { return each.packet_id == id; });
  };
  std::uint16_t id = lowest_ids_ ? 0 : now_.last_id;
  do ++id;
  while (id == 0 || used(id));
  return now_.last_id = id;
}

}  // namespace sluice::simulation
