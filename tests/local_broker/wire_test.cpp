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
namespace {

using stage::eventually;
using stage::Packet;
using stage::PacketType;
using stage::read_pubacks;
using stage::ScriptedBroker;

/// Long enough for a packet that should not be there to arrive.
constexpr std::chrono::milliseconds a_while(250);

std::vector<int> numbers(int from, int to) {
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

TEST_F(Wire, PubackLeavesOnlyAfterAcceptReturned) {
  start();
  running->acceptor.hang(true);
  send(7, 7);
  ASSERT_TRUE(called(1));
  EXPECT_FALSE(broker.read(a_while)) << "acknowledged before the commit";
  running->acceptor.hang(false);
  EXPECT_EQ(read_pubacks(broker, 1), numbers(7, 7));
}

TEST_F(Wire, WhatComesDuringACommitIsOneBatch) {
  start();
  running->acceptor.hang(true);
  send(1, 1);
  ASSERT_TRUE(called(1));
  send(2, 500);
  EXPECT_FALSE(broker.read(a_while));
  running->acceptor.hang(false);
  EXPECT_EQ(read_pubacks(broker, 500), numbers(1, 500));
  const auto batches = running->acceptor.batches();
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[1].size(), 499U);
}

TEST_F(Wire, AFailedAcceptEndsTheConnectionWithoutAWord) {
  start();
  running->acceptor.fail(1);
  send(1, 3);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(running->says("the disk is full"));

  ASSERT_TRUE(broker.greet(true));
  broker.send_publish({.topic = "t/a", .payload = "x", .id = 1, .dup = true});
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  ASSERT_EQ(running->acceptor.count(), 1U);
  EXPECT_TRUE(running->acceptor.messages()[0].resent);
}

TEST_F(Wire, StaysAwayUntilTheAcceptorIsReady) {
  start();
  running->acceptor.fail(1);
  running->acceptor.set_ready(false);
  send(1, 1);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(eventually([&] { return running->acceptor.ready_calls() >= 3; }));
  EXPECT_FALSE(broker.accept(a_while));
  EXPECT_TRUE(running->says("the disk is still full"));
  EXPECT_FALSE(running->source.state().connected);
  running->acceptor.set_ready(true);
  EXPECT_TRUE(broker.greet(true));
}

TEST_F(Wire, NothingLeavesWhileUncommittedThoughAPingIsDue) {
  Options options = options_for(0);
  options.keep_alive = std::chrono::seconds(5);
  options.commit_wait = Duration(7'000);
  start(options);
  send(1, 1);
  // The ping is due two seconds before the commit. Had it left, the acknowledgement before it would have, too.
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type(), PacketType::puback);
  EXPECT_EQ(running->acceptor.count(), 1U) << "acknowledged before the commit";
}

TEST_F(Wire, PingsAndEndsTheConnectionWhenNobodyAnswers) {
  Options options = options_for(0);
  options.keep_alive = std::chrono::seconds(5);
  start(options);
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type(), PacketType::pingreq);
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(running->says("has not answered"));
  EXPECT_TRUE(broker.accept());
}

TEST_F(Wire, ConnectAsksForALastingSessionAndAReceiveMaximum) {
  Options options = options_for(broker.port());
  options.receive_maximum = 1234;
  options.message_size_max = 1 << 20;
  running = std::make_unique<Running>(options);
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_EQ(broker.level(), 5);
  EXPECT_EQ(connect->body.at(7) & 0x02, 0) << "clean start";
  EXPECT_EQ(connect->number(8), 60) << "keep alive";
  EXPECT_TRUE(connect->has(std::string("\x11\xFF\xFF\xFF\xFF"))) << "session expiry interval";
  EXPECT_TRUE(connect->has(std::string("\x21\x04\xD2"))) << "receive maximum";
  EXPECT_TRUE(connect->has(std::string("\x27\x01\x10\x00\x00", 5))) << "maximum packet size: 17 MiB";
  EXPECT_TRUE(connect->has("sluice-test"));
}

TEST_F(Wire, SubscribesAtQos1AndAsksForNoRetainedMessagesOfAKnownSubscription) {
  Options options = options_for(broker.port());
  options.filters = {"t/#", "u/+"};
  running = std::make_unique<Running>(options);
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.grant(2);
  ASSERT_TRUE(subscribe);
  EXPECT_TRUE(subscribe->has(std::string("\0\3t/#\x11\0\3u/+\x11", 12))) << "QoS 1, retain handling 1";
  EXPECT_TRUE(running->up());
}

TEST_F(Wire, AsksForNoRetainedMessagesWhereTheyAreIgnored) {
  Options options = options_for(broker.port());
  options.ignore_retained = true;
  running = std::make_unique<Running>(options);
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.grant();
  ASSERT_TRUE(subscribe);
  EXPECT_TRUE(subscribe->has(std::string("\0\3t/#\x21", 6))) << "QoS 1, retain handling 2";
}

TEST_F(Wire, IsNotSubscribedBeforeTheBrokerSaysSo) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.read();
  ASSERT_TRUE(subscribe);
  EXPECT_TRUE(eventually([&] { return running->source.state().connected; }));
  EXPECT_FALSE(running->source.state().subscribed);
  broker.send(ScriptedBroker::encode(0x90, subscribe->body.substr(0, 2) + std::string("\0\1", 2)));
  EXPECT_TRUE(running->up());
}

TEST_F(Wire, AResumedSessionSkipsSubscribe) {
  start();
  broker.close();
  ASSERT_TRUE(broker.greet(true));
  send(1, 1);
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1)) << "the first packet after CONNECT";
  EXPECT_TRUE(running->up());
  EXPECT_EQ(running->acceptor.sessions_lost(), 1) << "only that of the very first connection";
  EXPECT_EQ(running->source.state().session_lost_total, 0U);
}

TEST_F(Wire, ALostSessionIsToldCountedAndSubscribedAnew) {
  start();
  broker.close();
  ASSERT_TRUE(broker.greet(false));
  EXPECT_TRUE(broker.grant());
  EXPECT_TRUE(running->up());
  EXPECT_EQ(running->acceptor.sessions_lost(), 2);
  EXPECT_EQ(running->source.state().session_lost_total, 1U);
  EXPECT_TRUE(running->log.contains("has forgotten the session"));
}

TEST_F(Wire, ASubscriptionThatWasNotAnsweredIsMadeAgain) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.read());
  broker.close();
  ASSERT_TRUE(broker.greet(true));
  EXPECT_TRUE(broker.grant());
  EXPECT_TRUE(running->up());
}

TEST_F(Wire, AFreshStartSubscribesEvenInAResumedSessionAndDropsFormerFilters) {
  Options options = options_for(broker.port());
  options.former_filters = {"t/#", "old/#"};
  running = std::make_unique<Running>(options);
  ASSERT_TRUE(broker.greet(true));
  const std::optional<Packet> subscribe = broker.grant();
  ASSERT_TRUE(subscribe);
  EXPECT_TRUE(subscribe->has("t/#"));
  const std::optional<Packet> unsubscribe = broker.read();
  ASSERT_TRUE(unsubscribe);
  EXPECT_EQ(unsubscribe->type(), PacketType::unsubscribe);
  EXPECT_TRUE(unsubscribe->has("old/#"));
  EXPECT_FALSE(unsubscribe->has("t/#"));
  EXPECT_EQ(running->acceptor.sessions_lost(), 0);
}

TEST_F(Wire, SaysWhichSubscriptionIsRefused) {
  Options options = options_for(broker.port());
  options.filters = {"open/#", "secret/#"};
  running = std::make_unique<Running>(options);
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.read();
  ASSERT_TRUE(subscribe);
  broker.send(ScriptedBroker::encode(0x90, subscribe->body.substr(0, 2) + std::string("\0\1\x87", 3)));
  EXPECT_TRUE(running->says("'secret/#': not authorised"));
  EXPECT_EQ(running->source.state().last_error.find("open"), std::string::npos);
  EXPECT_TRUE(running->source.state().connected);
  EXPECT_FALSE(running->source.state().subscribed);
  send(1, 1);
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1)) << "what is granted goes on";
}

TEST_F(Wire, TakesNothingButQos1ForGranted) {
  for (const auto& [granted, words] : {std::pair(0, "only QoS 0"), std::pair(2, "QoS 2, which was not asked for")}) {
    running = std::make_unique<Running>(options_for(broker.port()));
    ASSERT_TRUE(broker.greet(false));
    ASSERT_TRUE(broker.grant(1, granted));
    EXPECT_TRUE(running->says(words));
    EXPECT_FALSE(running->source.state().subscribed);
    running.reset();
  }
}

TEST_F(Wire, DupCountsOnlyInAResumedSession) {
  start();
  broker.send_publish({.topic = "t/a", .payload = "new session", .id = 1, .dup = true});
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  broker.close();
  ASSERT_TRUE(broker.greet(true));
  broker.send_publish({.topic = "t/a", .payload = "again", .id = 2, .dup = true});
  broker.send_publish({.topic = "t/a", .payload = "new", .id = 3, .dup = false});
  broker.send_publish({.topic = "t/a", .payload = "again", .id = 4, .dup = true});
  EXPECT_EQ(read_pubacks(broker, 3), numbers(2, 4));
  const std::vector<Message> messages = running->acceptor.messages();
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_FALSE(messages[0].resent) << "DUP of a session that is new says nothing";
  EXPECT_TRUE(messages[1].resent);
  EXPECT_FALSE(messages[2].resent);
  EXPECT_TRUE(messages[3].resent);
}

TEST_F(Wire, DupIsRecognisedOverMqtt311Too) {
  running = std::make_unique<Running>(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false, 0x84));
  ASSERT_TRUE(broker.greet(true));
  ASSERT_EQ(broker.level(), 4);
  ASSERT_TRUE(broker.grant());
  broker.send_publish({.topic = "t/a", .payload = "again", .id = 2, .dup = true});
  EXPECT_EQ(read_pubacks(broker, 1), numbers(2, 2));
  EXPECT_TRUE(running->acceptor.messages().at(0).resent);
}

TEST_F(Wire, MessagesArriveAsTheyWere) {
  start();
  const std::string binary("\0\xFF\n", 3);
  broker.send_publish({.topic = "t/\xC3\xBC", .payload = binary, .qos = 0});
  broker.send_publish({.topic = "t/empty", .payload = "", .id = 9, .retain = true});
  ASSERT_TRUE(running->received(2));
  const std::vector<Message> messages = running->acceptor.messages();
  EXPECT_EQ(messages[0].topic, "t/\xC3\xBC");
  EXPECT_EQ(messages[0].payload, binary);
  EXPECT_EQ(messages[0].qos, 0);
  EXPECT_EQ(messages[0].packet_id, 0);
  EXPECT_FALSE(messages[0].retained);
  EXPECT_GT(messages[0].received_at, Timestamp(std::chrono::milliseconds(0)));
  EXPECT_EQ(messages[1].payload, "");
  EXPECT_EQ(messages[1].packet_id, 9);
  EXPECT_TRUE(messages[1].retained);
  EXPECT_FALSE(messages[1].cut());
}

TEST_F(Wire, AMessageThatComesInPiecesIsOneMessage) {
  start();
  const std::string bytes = broker.encode({.topic = "t/a", .payload = std::string(5000, 'x'), .id = 1});
  broker.send(bytes.substr(0, 1));
  EXPECT_FALSE(broker.read(a_while));
  broker.send(bytes.substr(1, 2000));
  EXPECT_FALSE(broker.read(a_while));
  broker.send(bytes.substr(2001));
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  EXPECT_EQ(running->acceptor.messages().at(0).payload.size(), 5000U);
}

TEST_F(Wire, WhatIsTooLargeIsCutAndTellsItsSize) {
  Options options = options_for(0);
  options.message_size_max = 2000;
  start(options);
  send(1, 1, std::string(2000, 'x'));
  send(2, 2, std::string(2001, 'y'));
  EXPECT_EQ(read_pubacks(broker, 2), numbers(1, 2));
  const std::vector<Message> messages = running->acceptor.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].payload.size(), 2000U);
  EXPECT_FALSE(messages[0].cut());
  EXPECT_EQ(messages[1].payload, std::string(oversize_kept, 'y'));
  EXPECT_EQ(messages[1].payload_size, 2001U);
}

TEST_F(Wire, EvenASmallLimitCuts) {
  Options options = options_for(0);
  options.message_size_max = 10;
  start(options);
  send(1, 1, std::string(11, 'x'));
  EXPECT_EQ(read_pubacks(broker, 1), numbers(1, 1));
  EXPECT_TRUE(running->acceptor.messages().at(0).cut());
  EXPECT_EQ(running->acceptor.messages().at(0).payload_size, 11U);
}

TEST_F(Wire, CommitWaitGathers) {
  Options options = options_for(0);
  options.commit_wait = Duration(2'000);
  start(options);
  for (int id = 1; id <= 3; ++id) {
    send(id, id);
    EXPECT_FALSE(broker.read(std::chrono::milliseconds(50))) << "acknowledgements wait with the commit";
  }
  EXPECT_EQ(read_pubacks(broker, 3), numbers(1, 3));
  EXPECT_EQ(running->acceptor.batches().size(), 1U);
}

TEST_F(Wire, AFullBatchDoesNotWait) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  options.batch_count_max = 3;
  start(options);
  send(1, 3);
  EXPECT_EQ(read_pubacks(broker, 3), numbers(1, 3));
}

TEST_F(Wire, BatchesAreBoundedByCount) {
  Options options = options_for(0);
  options.batch_count_max = 10;
  start(options);
  send(1, 95);
  EXPECT_EQ(read_pubacks(broker, 95), numbers(1, 95));
  for (const auto& batch : running->acceptor.batches()) EXPECT_LE(batch.size(), 10U);
}

TEST_F(Wire, BatchesAreBoundedByBytes) {
  Options options = options_for(0);
  options.batch_bytes_max = 10'000;
  start(options);
  send(1, 20, std::string(6000, 'x'));
  EXPECT_EQ(read_pubacks(broker, 20), numbers(1, 20));
  for (const auto& batch : running->acceptor.batches()) EXPECT_LE(batch.size(), 2U);
}

TEST_F(Wire, WhatWasReadBeforeTheConnectionBrokeIsNotLost) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  start(options);
  broker.send_publish({.topic = "t/a", .payload = "QoS 0 does not come again", .qos = 0});
  EXPECT_FALSE(broker.closed_silently(a_while));
  ASSERT_EQ(running->acceptor.count(), 0U);
  broker.close();
  EXPECT_TRUE(running->received(1));
}

TEST_F(Wire, AStopFinishesTheBatchAndSaysGoodbye) {
  Options options = options_for(0);
  options.commit_wait = std::chrono::hours(1);
  start(options);
  send(1, 2);
  EXPECT_FALSE(broker.read(a_while));
  running->thread.request_stop();
  EXPECT_EQ(read_pubacks(broker, 2), numbers(1, 2));
  const std::optional<Packet> goodbye = broker.read();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->first, 0xE0) << "DISCONNECT";
  EXPECT_EQ(goodbye->body.find('\x04'), std::string::npos) << "reason 4 is for a will";
  running->stop();
  EXPECT_TRUE(running->result);
  EXPECT_EQ(running->acceptor.count(), 2U);
  EXPECT_FALSE(running->source.state().connected);
}

TEST_F(Wire, AStopGivesUpABatchThatCannotBeCommitted) {
  start();
  running->acceptor.hang(true);
  running->acceptor.fail(1);
  send(1, 1);
  ASSERT_TRUE(called(1));
  running->thread.request_stop();
  running->acceptor.hang(false);
  EXPECT_TRUE(broker.closed_silently());
}

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
  EXPECT_TRUE(running->says("not authorised: check local_broker.username and password"));
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
