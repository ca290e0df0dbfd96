#include "tests/local_broker/wire.h"

namespace sluice::local_broker {
namespace {

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

TEST_F(Wire, SubscribesToNothingBeforeTheLossOfItsSessionIsNoted) {
  start();
  running->acceptor.set_ready(false);
  broker.close();
  ASSERT_TRUE(broker.greet(false));
  EXPECT_TRUE(broker.closed_silently()) << "in place of SUBSCRIBE";
  running->acceptor.set_ready(true);
  ASSERT_TRUE(broker.greet(true)) << "the session is there, and empty";
  EXPECT_TRUE(broker.grant());
  EXPECT_TRUE(running->up());
  EXPECT_EQ(running->acceptor.sessions_lost(), 3) << "the first of all, the one not noted, and that again";
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

}  // namespace
}  // namespace sluice::local_broker
