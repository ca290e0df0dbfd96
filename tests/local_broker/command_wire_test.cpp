// What leaves the client that commands go out through, and how often. The broker is scripted, so that nothing is
// answered that the test does not answer.

#include "tests/local_broker/commanding.h"
#include "tests/local_broker/wire.h"
#include "tests/stage/fake_clock.h"

namespace sluice::local_broker {
namespace {

using std::chrono::seconds;

struct CommandWire : testing::Test {
  void start(Options options, std::vector<std::string> filters = {}) {
    commanding = std::make_unique<Commanding>(std::move(options), filters);
    ASSERT_TRUE(broker.greet(false));
    if (!filters.empty()) {
      ASSERT_TRUE(broker.grant(filters.size()));
    }
    ASSERT_TRUE(commanding->up());
  }
  void start() { start(command_options(broker.port())); }

  void acknowledge(const Packet& publish) {
    broker.send(ScriptedBroker::encode(0x40, publish.body.substr(after_topic(publish), 2)));
  }
  void acknowledge(const Packet& publish, char reason) {
    broker.send(ScriptedBroker::encode(0x40, publish.body.substr(after_topic(publish), 2) + reason));
  }
  static std::size_t after_topic(const Packet& publish) { return std::size_t{2} + publish.number(0); }
  /// Whether the client sends no PUBLISH for a while.
  testing::AssertionResult sends_no_publish() {
    while (const std::optional<Packet> packet = broker.read(a_while))
      if (packet->type() == PacketType::publish) return testing::AssertionFailure() << "another PUBLISH";
    return testing::AssertionSuccess();
  }

  stage::FakeClock clock;
  ScriptedBroker broker;
  std::unique_ptr<Commanding> commanding;
};

TEST_F(CommandWire, ConnectsCleanAndKeepsNoSession) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{});
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_EQ(broker.level(), 5);
  EXPECT_EQ(connect->body.at(7) & 0x02, 2) << "clean start";
  EXPECT_FALSE(connect->has("\x11\xFF\xFF")) << "session expiry interval";
  EXPECT_TRUE(connect->has("sluice-test-commands"));
  EXPECT_TRUE(commanding->up());
}

TEST_F(CommandWire, APublishCarriesExpiryAndMarkAndIsNeitherRetainedNorADuplicate) {
  start();
  CommandPublish publish = power_on();
  publish.expires_in = seconds(300);
  std::future<Sent> sent = commanding->sends(publish);
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->first, 0x32) << "PUBLISH, DUP 0, QoS 1, RETAIN 0";
  EXPECT_EQ(packet->body.substr(2, packet->number(0)), "cmnd/plug/POWER");
  EXPECT_TRUE(packet->has(std::string("\x02\x00\x00\x01\x2C", 5))) << "message expiry interval: 300 s";
  EXPECT_TRUE(packet->has(std::string("\x26\x00\x0Esluice-gateway\x00\x14sluice-test-commands", 39)));
  EXPECT_TRUE(packet->body.ends_with("ON"));
  EXPECT_EQ(sent.wait_for(a_while), std::future_status::timeout) << "not before PUBACK";
  acknowledge(*packet);
  EXPECT_EQ(sent.get(), Sent::acknowledged);
}

TEST_F(CommandWire, AtQos0ItHasBeenWritten) {
  start();
  CommandPublish publish = power_on();
  publish.qos = 0;
  EXPECT_EQ(commanding->sends(publish).get(), Sent::acknowledged);
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->first, 0x30);
}

TEST_F(CommandWire, IsNeverSentAgainOverConnectionsThatAreCut) {
  start();
  std::future<Sent> sent = commanding->sends(power_on());
  ASSERT_TRUE(broker.read());
  broker.close();
  EXPECT_EQ(sent.get(), Sent::unknown);
  for (int connection = 0; connection < 3; ++connection) {
    // Even a broker that claims to know the session gets nothing again.
    ASSERT_TRUE(broker.greet(connection == 1));
    ASSERT_TRUE(commanding->up());
    EXPECT_TRUE(sends_no_publish());
    broker.close();
    ASSERT_TRUE(commanding->down());
  }
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(commanding->up());
  sent = commanding->sends(power_on());
  const std::optional<Packet> next = broker.read();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->first, 0x32);
  acknowledge(*next);
  EXPECT_EQ(sent.get(), Sent::acknowledged);
}

TEST_F(CommandWire, WhatIsNotAcknowledgedInTimeEndsTheConnection) {
  Options options = command_options(broker.port());
  options.publish_wait = Duration(1000);
  start(options);
  std::future<Sent> sent = commanding->sends(power_on());
  ASSERT_TRUE(broker.read());
  EXPECT_EQ(sent.get(), Sent::unknown);
  EXPECT_FALSE(commanding->sink.ready());
  EXPECT_TRUE(broker.closed_silently());
  EXPECT_TRUE(commanding->says("has not acknowledged a command in time"));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(commanding->up());
  EXPECT_TRUE(sends_no_publish());
}

TEST_F(CommandWire, ANewLineWaitsForAPublishOnItsWay) {
  start();
  std::future<Sent> sent = commanding->sends(power_on());
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  commanding->sink.change(command_options(broker.port()), {}, Line{});
  EXPECT_FALSE(broker.read(a_while)) << "no DISCONNECT yet";
  acknowledge(*packet);
  EXPECT_EQ(sent.get(), Sent::acknowledged);
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(commanding->up());
  EXPECT_TRUE(sends_no_publish());
}

TEST_F(CommandWire, AStopLeavesWhatWasHandedOverUnknownAndWritesNothingMore) {
  start();
  std::stop_source stop;
  std::future<Sent> sent = commanding->sends(power_on(), stop.get_token());
  ASSERT_TRUE(broker.read());
  stop.request_stop();
  EXPECT_EQ(sent.get(), Sent::unknown);
  EXPECT_TRUE(broker.closed_silently());
}

TEST_F(CommandWire, TheEndOfTheGatewayLeavesItUnknownToo) {
  start();
  std::future<Sent> sent = commanding->sends(power_on());
  ASSERT_TRUE(broker.read());
  commanding->stop();
  EXPECT_EQ(sent.get(), Sent::unknown);
  EXPECT_TRUE(broker.closed_silently());
}

TEST_F(CommandWire, SaysGoodbyeWhenNothingIsUnacknowledged) {
  start();
  commanding->stop();
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->type(), PacketType::disconnect);
  EXPECT_FALSE(commanding->sink.ready());
  EXPECT_EQ(commanding->listener.changes(), (std::vector<bool>{true, false}));
}

TEST_F(CommandWire, NothingIsSentBeforeItIsReady) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{"stat/+/RESULT"});
  EXPECT_EQ(commanding->sends(power_on()).get(), Sent::not_sent);
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.read();
  ASSERT_TRUE(subscribe);
  EXPECT_FALSE(commanding->sink.ready()) << "SUBACK has not come";
  EXPECT_EQ(commanding->sends(power_on()).get(), Sent::not_sent);
  broker.send(ScriptedBroker::encode(0x90, subscribe->body.substr(0, 2) + std::string("\0\1", 2)));
  EXPECT_TRUE(commanding->up());
  EXPECT_TRUE(sends_no_publish());
}

TEST_F(CommandWire, WhatTheBrokerRefusesWasNotSent) {
  start();
  for (const auto& [reason, words] : {std::pair('\x87', "not authorised: check the broker's access list"),
                                      std::pair('\x97', "uota exceeded (code 151)")}) {
    std::future<Sent> sent = commanding->sends(power_on());
    const std::optional<Packet> packet = broker.read();
    ASSERT_TRUE(packet);
    acknowledge(*packet, reason);
    EXPECT_EQ(sent.get(), Sent::not_sent);
    EXPECT_TRUE(commanding->says("the broker refuses what is sent to 'cmnd/plug/POWER': ")) << words;
    EXPECT_TRUE(commanding->says(words));
    EXPECT_TRUE(commanding->sink.ready());
  }
}

TEST_F(CommandWire, ThatNobodySubscribesIsToldToTheLogAlone) {
  start();
  std::future<Sent> sent = commanding->sends(power_on());
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  acknowledge(*packet, '\x10');
  EXPECT_EQ(sent.get(), Sent::acknowledged);
  EXPECT_TRUE(commanding->says("nobody is subscribed to 'cmnd/plug/POWER'"));
}

TEST_F(CommandWire, WhatMqttCannotCarryWasNotSent) {
  start();
  for (const std::string& topic : {std::string("cmnd/+/POWER"), std::string("cmnd/#"), std::string("cmnd/\xFF"),
                                   std::string("cmnd/a\0b", 8), std::string()}) {
    CommandPublish publish = power_on();
    publish.topic = topic;
    EXPECT_EQ(commanding->sends(publish).get(), Sent::not_sent) << topic;
  }
  CommandPublish publish = power_on();
  publish.qos = 3;
  EXPECT_EQ(commanding->sends(publish).get(), Sent::not_sent);
  EXPECT_TRUE(commanding->says("not sent to 'cmnd/+/POWER': MQTT cannot carry it"));
  EXPECT_TRUE(sends_no_publish());
  EXPECT_TRUE(commanding->sink.ready()) << "and nothing is in the way of the next one";
}

TEST_F(CommandWire, WhatIsTooLargeForTheBrokerIsNeverSent) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{});
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send(std::string("\x20\x08\x00\x00\x05\x27\x00\x00\x00\xC8", 10));  // maximum packet size: 200 bytes
  ASSERT_TRUE(commanding->up());
  std::size_t refused = 0;
  std::size_t largest = 0;
  for (std::size_t size = 120; size < 145; ++size) {
    CommandPublish publish = power_on();
    publish.payload = std::string(size, 'x');
    std::future<Sent> sent = commanding->sends(publish);
    if (sent.wait_for(Duration(50)) == std::future_status::ready) {
      EXPECT_EQ(sent.get(), Sent::not_sent);
      ++refused;
      continue;
    }
    const std::optional<Packet> packet = broker.read();
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->body.ends_with(publish.payload));
    largest = std::max(largest, ScriptedBroker::encode(packet->first, packet->body).size());
    acknowledge(*packet);
    EXPECT_EQ(sent.get(), Sent::acknowledged);
  }
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(largest, 200U) << "all of what it takes, and no more";
  EXPECT_TRUE(commanding->says("it is larger than the broker takes"));
  EXPECT_TRUE(sends_no_publish());
}

TEST_F(CommandWire, SubscribesAtQos1AndWantsWhatIsRetained) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()),
                                            std::vector<std::string>{"stat/+/RESULT", "tele/+/LWT"});
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.grant(2);
  ASSERT_TRUE(subscribe);
  EXPECT_TRUE(subscribe->has(std::string("\0\x0Dstat/+/RESULT\x01\0\x0Atele/+/LWT\x01", 29)))
      << "QoS 1, retain handling 0, not retain as published";
  EXPECT_TRUE(commanding->up());
}

TEST_F(CommandWire, ARefusedFilterIsSaidAndLeavesItNotReady) {
  commanding =
      std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{"open/#", "secret/#"});
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.read();
  ASSERT_TRUE(subscribe);
  broker.send(ScriptedBroker::encode(0x90, subscribe->body.substr(0, 2) + std::string("\0\1\x87", 3)));
  EXPECT_TRUE(commanding->says("does not grant the subscription to 'secret/#': not authorised"));
  EXPECT_FALSE(commanding->log.contains("'open/#'"));
  EXPECT_FALSE(commanding->sink.ready());
  EXPECT_EQ(commanding->sends(power_on()).get(), Sent::not_sent);
  broker.send_publish({.topic = "open/a", .payload = "x"});
  EXPECT_TRUE(commanding->hears(1)) << "what is granted is heard";
}

TEST_F(CommandWire, ARefusedFilterIsAskedForAgainAfterAMinute) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()),
                                            std::vector<std::string>{"open/#", "secret/#"}, &clock);
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Packet> subscribe = broker.read();
  ASSERT_TRUE(subscribe);
  broker.send(ScriptedBroker::encode(0x90, subscribe->body.substr(0, 2) + std::string("\0\1\x87", 3)));
  ASSERT_TRUE(commanding->says("'secret/#': not authorised"));
  clock.advance(seconds(61));
  const std::optional<Packet> again = broker.grant();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->has("secret/#"));
  EXPECT_FALSE(again->has("open/#")) << "what the broker keeps for it would come twice";
  EXPECT_TRUE(commanding->up());
}

TEST_F(CommandWire, ABrokerThatGrantsOnlyQos0IsEnough) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{"stat/#"});
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.grant(1, 0));
  EXPECT_TRUE(commanding->up());
}

TEST_F(CommandWire, ABrokerThatDoesNotAnswerSubscribeIsLeft) {
  Options options = command_options(broker.port());
  options.answer_wait = Duration(200);
  commanding = std::make_unique<Commanding>(options, std::vector<std::string>{"stat/#"});
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.read());
  EXPECT_TRUE(commanding->says("no answer to SUBSCRIBE"));
  EXPECT_TRUE(broker.greet(false));
}

TEST_F(CommandWire, HandsOnWhatItHearsAndAcknowledgesIt) {
  Options options = command_options(broker.port());
  options.message_size_max = 2000;
  start(options, {"stat/#"});
  broker.send_publish({.topic = "stat/a", .payload = "kept", .qos = 1, .id = 7, .retain = true});
  broker.send_publish({.topic = "stat/a", .payload = std::string(5000, 'x'), .qos = 1, .id = 8});
  EXPECT_EQ(read_pubacks(broker, 2), numbers(7, 8));
  ASSERT_TRUE(commanding->hears(2));
  const std::vector<Message> messages = commanding->listener.messages();
  EXPECT_EQ(messages[0].topic, "stat/a");
  EXPECT_EQ(messages[0].payload, "kept");
  EXPECT_EQ(messages[0].qos, 1);
  EXPECT_TRUE(messages[0].retained);
  EXPECT_FALSE(messages[0].from_gateway);
  EXPECT_GT(messages[0].received_at.time_since_epoch().count(), 0);
  EXPECT_FALSE(messages[1].retained);
  EXPECT_EQ(messages[1].payload.size(), oversize_kept);
  EXPECT_EQ(messages[1].payload_size, 5000U);
}

TEST_F(CommandWire, WhatCameBeforeTheEndIsHeard) {
  start(command_options(broker.port()), {"stat/#"});
  std::future<Sent> sent = commanding->sends(power_on());
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  acknowledge(*packet);
  broker.send_publish({.topic = "stat/plug/RESULT", .payload = "{}", .qos = 0});
  broker.close();
  EXPECT_EQ(sent.get(), Sent::acknowledged);
  EXPECT_TRUE(commanding->hears(1));
}

TEST_F(CommandWire, SpeaksMqtt311ToABrokerThatKnowsNoOther) {
  commanding = std::make_unique<Commanding>(command_options(broker.port()), std::vector<std::string>{"stat/#"});
  ASSERT_TRUE(broker.greet(false, 0x84));
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  ASSERT_EQ(broker.level(), 4);
  EXPECT_EQ(connect->body.at(7) & 0x02, 2) << "clean session";
  ASSERT_TRUE(broker.grant());
  ASSERT_TRUE(commanding->up());
  EXPECT_TRUE(
      commanding->says("commands: connected to mqtt://127.0.0.1:" + std::to_string(broker.port()) + ", MQTT 3.1.1"));
  std::future<Sent> sent = commanding->sends(power_on());
  const std::optional<Packet> packet = broker.read();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->first, 0x32);
  EXPECT_EQ(packet->body.substr(after_topic(*packet) + 2), "ON") << "no properties";
  broker.close();
  EXPECT_EQ(sent.get(), Sent::unknown);
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.grant());
  ASSERT_TRUE(commanding->up());
  EXPECT_TRUE(sends_no_publish());
}

TEST_F(CommandWire, TellsEachChangeOnce) {
  start();
  EXPECT_EQ(commanding->listener.changes(), std::vector<bool>{true});
  for (int time = 0; time < 3; ++time) {
    broker.close();
    ASSERT_TRUE(commanding->down());
    ASSERT_TRUE(broker.greet(false, 0x87));
  }
  EXPECT_TRUE(commanding->says("not authorised: check username and password"));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(commanding->up());
  EXPECT_TRUE(eventually([&] { return commanding->listener.changes() == std::vector<bool>{true, false, true}; }));
  int told = 0;
  for (const std::string& line : commanding->log.lines()) told += line.find("not authorised") != std::string::npos;
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace sluice::local_broker
