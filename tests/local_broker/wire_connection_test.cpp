#include "tests/local_broker/wire.h"

namespace sluice::local_broker {
namespace {

TEST_F(Wire, FallsBackWhenTheBrokerRefusesVersion5) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false, 0x84));
  EXPECT_EQ(broker.level(), 5);
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_EQ(broker.level(), 4);
  EXPECT_EQ(connect->body.at(7) & 0x02, 0) << "clean session";
  const std::optional<Packet> subscribe = broker.grant();
  ASSERT_TRUE(subscribe);
  EXPECT_EQ(subscribe->body.back(), 1) << "nothing but QoS 1";
  ASSERT_TRUE(running->up());
  EXPECT_EQ(running->source.state().protocol, "3.1.1");
  send(1, 1);
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
}

TEST_F(Wire, FallsBackWhenAnOldBrokerAnswersInItsOwnVersion) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send(std::string("\x20\x02\x00\x01", 4));
  ASSERT_TRUE(broker.greet(false));
  EXPECT_EQ(broker.level(), 4);
}

TEST_F(Wire, FallsBackWhenTheBrokerHangsUpTwice) {
  running = std::make_unique<Running>(options_for(broker.port()));
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(broker.accept());
    ASSERT_TRUE(broker.read());
    EXPECT_EQ(broker.level(), 5);
    broker.close();
  }
  ASSERT_TRUE(broker.greet(false));
  EXPECT_EQ(broker.level(), 4);
}

TEST_F(Wire, ARefusalIsToldOnceInWords) {
  running = std::make_unique<Running>(options_for(broker.port()));
  for (int time = 0; time < 4; ++time) ASSERT_TRUE(broker.greet(false, 0x87));
  EXPECT_TRUE(running->says("not authorised: check username and password"));
  int told = 0;
  for (const std::string& line : running->log.lines()) told += line.find("not authorised") != std::string::npos;
  EXPECT_EQ(told, 1);
  EXPECT_EQ(broker.level(), 5) << "no reason to fall back";
}

TEST_F(Wire, SaysWhyTheBrokerDisconnected) {
  start();
  broker.send(std::string("\xE0\x01\x8E", 3));
  EXPECT_TRUE(running->says("another client has connected with the same client id"));
  EXPECT_TRUE(broker.greet(true));
}

TEST_F(Wire, APeerThatDoesNotAnswerConnectIsLeft) {
  Options options = options_for(broker.port());
  options.answer_wait = Duration(200);
  running = std::make_unique<Running>(options);
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  EXPECT_TRUE(running->says("no answer to CONNECT"));
  EXPECT_TRUE(broker.accept()) << "and tried again";
}

TEST_F(Wire, APeerThatTalksSomethingElseIsLeft) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(broker.accept());
  EXPECT_FALSE(running->source.state().connected);
}

/// An option of the gateway's own socket: the one whose peer is the broker.
std::optional<int> tcp_option(int broker_port, int option) {
  for (int descriptor = 0; descriptor < 1024; ++descriptor) {
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.sin_family != AF_INET || ntohs(peer.sin_port) != broker_port) continue;
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(descriptor, IPPROTO_TCP, option, &value, &size) == 0) return value;
  }
  return {};
}

TEST_F(Wire, NothingHoldsAcknowledgementsBack) {
  start();
  EXPECT_EQ(tcp_option(broker.port(), TCP_NODELAY).value_or(0), 1);
  send(1, 300);
  ASSERT_EQ(read_pubacks(broker, 300), numbers(1, 300));
  EXPECT_TRUE(eventually([&] { return tcp_option(broker.port(), TCP_CORK) == 0; }));
}

/// A port on which connect(2) hangs: the queue of its listener is full, so that SYNs are dropped.
struct HangingPort {
  HangingPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(listener, reinterpret_cast<sockaddr*>(&address), length);
    listen(listener, 0);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    for (int& filler : fillers) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      connect(filler, reinterpret_cast<sockaddr*>(&address), length);
    }
  }
  ~HangingPort() {
    for (int filler : fillers) close(filler);
    close(listener);
  }
  int listener = -1;
  std::array<int, 4> fillers{};
  int port = 0;
};

TEST(Dialling, AConnectThatHangsHoldsUpNeitherWatchdogNorStop) {
  HangingPort hanging;
  Running running(options_for(hanging.port));
  ASSERT_TRUE(eventually([&] { return running.source.last_step() != Instant{}; }));
  const Instant seen = running.source.last_step();
  EXPECT_TRUE(eventually([&] { return running.source.last_step() > seen + std::chrono::milliseconds(1500); }));
  std::atomic<bool> ended = false;
  std::jthread ending([&] {
    running.stop();
    ended = true;
  });
  EXPECT_TRUE(eventually([&] { return ended.load(); })) << "connect(2) gives up after two minutes";
}

TEST(Dialling, AnUnusableClientIdIsAConfigurationError) {
  Options options = options_for(1);
  options.client_id = "";
  Running running(options);
  running.thread.join();
  ASSERT_FALSE(running.result);
  EXPECT_EQ(running.result.error().kind, ErrorKind::config);
}

TEST(Dialling, ANameThatDoesNotExistIsSaid) {
  Options options = options_for(1);
  options.address.host = "no-such-host.invalid";
  Running running(options);
  EXPECT_TRUE(running.says("the name cannot be resolved"));
}

}  // namespace
}  // namespace sluice::local_broker
