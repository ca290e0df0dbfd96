#pragma once

// What is on the wire, and when. The broker is scripted, so that nothing is answered that the test does not answer.

#include <algorithm>
#include <array>
#include <atomic>
#include <numeric>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/local_broker/running.h"
#include "tests/stage/scripted_broker.h"

namespace sluice::local_broker {

using stage::eventually;
using stage::Packet;
using stage::PacketType;
using stage::read_pubacks;
using stage::ScriptedBroker;

/// Long enough for a packet that should not be there to arrive.
inline constexpr std::chrono::milliseconds a_while(250);

inline std::vector<int> numbers(int from, int to) {
  std::vector<int> result(static_cast<std::size_t>(to - from + 1));
  std::iota(result.begin(), result.end(), from);
  return result;
}

struct Wire : testing::Test {
  /// Connects and subscribes.
  void start(Options options) {
    options.address.port = broker.port();
    const std::size_t filters = options.filters.size();
    running = std::make_unique<Running>(std::move(options));
    ASSERT_TRUE(broker.greet(false));
    ASSERT_TRUE(broker.grant(filters));
    ASSERT_TRUE(running->up());
  }
  void start() { start(options_for(broker.port())); }
  void send(int from, int to, const std::string& payload = "x") {
    std::string bytes;
    for (int id = from; id <= to; ++id)
      bytes += broker.encode({.topic = "t/a", .payload = payload, .id = static_cast<std::uint16_t>(id)});
    broker.send(bytes);
  }
  bool called(int times) {
    return eventually([&] { return running->acceptor.calls() >= times; });
  }

  ScriptedBroker broker;
  std::unique_ptr<Running> running;
};

}  // namespace sluice::local_broker
