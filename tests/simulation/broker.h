#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/core/message.h"

namespace sluice::simulation {

/// One publish at QoS 1, as the broker and the world know it.
struct Publish {
  int number = 0;
  std::string topic, payload;
  bool retained = false;
  bool taken = false;  ///< the gateway has answered for it: it is durable there, in whatever fate
  bool noted = false;  ///< in a commit, so that its receipt is durable, too
  bool lost = false;   ///< the broker itself has lost it

  bool says_as(const Publish& other) const {
    return topic == other.topic && payload == other.payload && retained == other.retained;
  }
};

/// The local broker's side of the gateway's session: at least once, packet ids used anew, what was not acknowledged
/// comes again with DUP; it may lose the session, or fall and come back with an older state of its own.
class Broker {
 public:
  explicit Broker(bool lowest_ids) : lowest_ids_(lowest_ids) {}

  void publish(std::shared_ptr<Publish> what);

  /// Whether the session was known still: then what is in flight comes again.
  bool connect();
  void disconnect() { connected_ = false; }
  /// The gateway knows that its session is new. Where it is killed before, nothing tells it later.
  void session_noted() { taken_.clear(), fell_back_ = false; }
  bool connected() const { return connected_; }

  struct Sending {
    std::shared_ptr<Publish> what;
    std::uint16_t packet_id = 0;
    bool handed_out = false;  ///< on this connection
    bool again = false;       ///< with DUP
    /// By nothing on the wire can it be told from a redelivery: its packet id, topic and payload are those of a message
    /// that was taken, and the only sending that would have told (the one without DUP) never arrived.
    bool looks_taken = false;
  };
  std::vector<Sending> next(std::size_t count);
  /// PUBACKs of the `count` oldest that are in flight.
  void acknowledged(std::size_t count);
  /// What the gateway has answered for.
  void taken(const Sending& sending);

  void lose_session();
  void keep_state() { kept_ = now_; }
  void fall_back();  ///< to what was kept last

  /// Every id was given to one message alone in this session.
  bool ids_are_sound() const { return !lowest_ids_ && !fell_back_; }

  bool idle() const { return now_.queue.empty() && now_.in_flight.empty(); }
  std::size_t waiting() const { return now_.queue.size() + now_.in_flight.size(); }

 private:
  struct State {
    std::deque<std::shared_ptr<Publish>> queue;
    std::deque<Sending> in_flight;
    std::uint16_t last_id = 0;
    bool session = false;
  };
  std::uint16_t new_id();
  static void mark_lost(const State& state);

  const bool lowest_ids_;
  State now_, kept_;
  bool connected_ = false, fell_back_ = false;
  std::map<std::uint16_t, Publish> taken_;  ///< what was taken last under each packet id
};

}  // namespace sluice::simulation
