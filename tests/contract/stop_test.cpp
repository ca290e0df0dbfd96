// A stop ends every wait: deliver and keep return soon, and what has no verdict is deferred.
#include <iomanip>
#include <sstream>

#include "tests/contract/cases.h"
#include "tests/stage/process.h"

namespace sluice::contract {
namespace {

/// Whether somebody waits for a connection to that port of 127.0.0.1: SYN_SENT in proc(5).
bool connecting(int port) {
  std::ostringstream wanted;
  wanted << "0100007F:" << std::uppercase << std::hex << std::setw(4) << std::setfill('0') << port << " 02 ";
  return stage::read_file("/proc/net/tcp").find(wanted.str()) != std::string::npos;
}

TEST_P(Sink, StopsWhileItConnects) {
  peer.stands(Door::full);
  expect_stop(records(2), [this] { return connecting(peer.port()); });
}

TEST_P(Sink, StopsWhileItShakesHands) {
  peer.stands(Door::deaf);
  expect_stop(records(2), [this] { return peer.connections() > 0; });
}

TEST_P(Sink, StopsWhileItSends) {
  peer.stands(Door::stuck);
  const std::size_t most = GetParam().record_bytes_max;  // more than the kernel's buffers take
  expect_stop(records(static_cast<int>(16'000'000 / most), most - 10'000),
              [this] { return peer.deliveries_begun() > 0; });
}

TEST_P(Sink, StopsWhileItWaitsForAnAnswer) {
  peer.does(Act::silence);
  expect_stop(records(2), [this] { return !peer.arrivals().empty(); });
}

TEST_P(Sink, StopsWhileItsPeerIsAway) {
  peer.goes_away();
  start();
  const auto all = records(2);
  Answer answer = deliver(all);
  expect_put_off(answer);
  EXPECT_TRUE(stop());
  if (answer.valid()) {
    EXPECT_EQ(take(answer), "");
  }
}

TEST_P(Sink, StopsWhenThereIsNothingToDo) {
  start();
  EXPECT_EQ(settle(records(1)), "a");
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace sluice::contract
