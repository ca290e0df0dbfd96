// Commands over the cloud's connection: when they are acknowledged, how old they may be, how answers go back.
#include "tests/cloud_mqtt/commanded.h"
#include "tests/cloud_mqtt/wire.h"

namespace sluice::cloud_mqtt {
namespace {

using stage::Packet;
using stage::ScriptedBroker;

constexpr std::chrono::milliseconds silence(200);

std::string text(const std::string& value) {
  return std::string{static_cast<char>(value.size() >> 8), static_cast<char>(value.size())} + value;
}
std::string response_topic(const std::string& topic) {
  return '\x08' + text(topic);
}
std::string correlation(const std::string& bytes) {
  return '\x09' + text(bytes);
}

struct Downlinked : testing::Test {
  ScriptedBroker::Publish command(std::uint16_t id, const std::string& payload, const std::string& properties = {}) {
    return {"home/commands", payload, 1, id, false, false, properties};
  }
  bool begin(bool session_present = false) { return broker.greet(session_present) && broker.grant(); }
  std::optional<Publish> next() { return next_publish(broker); }
  ScriptedBroker broker;
};

TEST_F(Downlinked, SubscribesInASessionThatIsKept) {
  Commanded commanded(commanded_by(broker.port()));
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_TRUE(connect->has(std::string("\0\4MQTT\5\0\0\x3c", 10))) << "no clean start";
  EXPECT_TRUE(connect->has(std::string("\x11\0\0\x0e\x10", 5))) << "session expiry 3600 s";
  EXPECT_TRUE(connect->has(std::string("\x27\0\x10\0\0", 5))) << "Maximum Packet Size 1 MiB";
  const std::optional<Packet> subscribe = broker.grant();
  ASSERT_TRUE(subscribe);
  EXPECT_EQ(subscribe->body.substr(2), '\0' + text("home/commands") + '\x25') << "QoS 1, no local, nothing retained";
  EXPECT_TRUE(commanded.up());
}

TEST_F(Downlinked, WithMqtt311KeepsTheSessionToo) {
  Options options = commanded_by(broker.port());
  options.protocol = Protocol::v3_1_1;
  Commanded commanded(std::move(options));
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_TRUE(connect->has(std::string("\0\4MQTT\4\0\0\x3c", 10)));
  const std::optional<Packet> subscribe = broker.grant();
  ASSERT_TRUE(subscribe);
  EXPECT_EQ(subscribe->body.substr(2), text("home/commands") + '\1');
  broker.send_publish(command(5, "{}"));
  EXPECT_EQ(stage::read_pubacks(broker, 1), std::vector<int>{5});
  ASSERT_TRUE(commanded.acceptor.wait(0));
  EXPECT_EQ(commanded.acceptor.taken()[0].reply_to, "");
}

TEST_F(Downlinked, IsAcknowledgedOnlyWhenTheAcceptorHasReturned) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  commanded.acceptor.hold(true);
  broker.send_publish(command(7, R"({"id":"a"})"));
  ASSERT_TRUE(commanded.acceptor.wait_begun(1));
  EXPECT_FALSE(broker.read(silence)) << "a PUBACK before it is durable";
  commanded.acceptor.hold(false);
  EXPECT_EQ(stage::read_pubacks(broker, 1), std::vector<int>{7});
  const std::vector<CommandMessage> taken = commanded.acceptor.taken();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].text, R"({"id":"a"})");
  EXPECT_EQ(taken[0].age, Duration(0));
  EXPECT_FALSE(taken[0].retained);
}

TEST_F(Downlinked, WhatCannotBeStoredIsNeitherAcknowledgedNorOvertaken) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  commanded.acceptor.fail(1);
  broker.send(broker.encode(command(1, "first")) + broker.encode(command(2, "second")));
  ASSERT_TRUE(broker.closed_silently()) << "anything written would hold the PUBACK";
  EXPECT_TRUE(commanded.acceptor.taken().empty()) << "the second must not overtake the first";
  EXPECT_TRUE(commanded.says("the disk is full"));
  ASSERT_TRUE(begin(true));
  broker.send(broker.encode(command(1, "first")) + broker.encode(command(2, "second")));
  EXPECT_EQ(stage::read_pubacks(broker, 2), (std::vector<int>{1, 2}));
  EXPECT_EQ(commanded.acceptor.taken().size(), 2u);
}

TEST_F(Downlinked, NothingOvertakesWhatWasNotStoredWhileEventsAreOnTheirWay) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  // With so many unacknowledged the library reads several packets at a time.
  std::vector<Record> records(3);
  for (Record& record : records) record.device = "d/0", record.data = "{}";
  std::future<std::vector<Verdict>> delivered =
      std::async(std::launch::async, [&] { return commanded.sink->deliver(records, commanded.stop.get_token()); });
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(next());
  commanded.acceptor.fail(1);
  broker.send(broker.encode(command(1, "first")) + broker.encode(command(2, "second")));
  ASSERT_TRUE(broker.closed_silently());
  EXPECT_TRUE(commanded.acceptor.taken().empty()) << "the second must not overtake the first";
  ASSERT_TRUE(begin(true));
  for (int i = 0; i < 3; ++i) {
    const std::optional<Publish> event = next();
    ASSERT_TRUE(event);
    broker.send(puback(event->id));
  }
  EXPECT_EQ(outcomes(delivered.get()), "aaa");
}

TEST_F(Downlinked, WhatCannotBeStoredIsToldWhereThereIsSomebodyToTell) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  commanded.acceptor.fail(1);
  broker.send_publish(command(3, "{}", response_topic("answers/me") + correlation("42")));
  EXPECT_EQ(stage::read_pubacks(broker, 1), std::vector<int>{3});
  const std::optional<Publish> told = next();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->topic, "answers/me");
  EXPECT_TRUE(told->rest.ends_with(R"({"outcome":"rejected","reason":"storage: the disk is full"})"));
  broker.send(puback(told->id));
}

TEST_F(Downlinked, AnAnswerGoesToTheResponseTopicWithTheSameCorrelationData) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  const std::string bytes("\0\xff id\n", 6);
  broker.send_publish(
      command(1, "{}", '\x02' + std::string("\0\0\0\x3c", 4) + response_topic("answers/to me") + correlation(bytes)));
  const std::optional<CommandMessage> message = commanded.acceptor.wait(0);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->expires_in, std::chrono::seconds(60));
  ASSERT_FALSE(message->reply_to.empty());
  std::future<Verdict> verdict = commanded.answer(message->reply_to, R"({"outcome":"succeeded"})");
  const std::optional<Publish> told = next();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->topic, "answers/to me");
  EXPECT_EQ(told->qos, 1);
  EXPECT_FALSE(told->retain);
  EXPECT_NE(told->rest.find(correlation(bytes)), std::string::npos);
  EXPECT_NE(told->rest.find('\x03' + text("application/json")), std::string::npos);
  EXPECT_NE(told->rest.find('\x26' + text("sluice-gateway") + text("home-pi")), std::string::npos);
  EXPECT_TRUE(told->rest.ends_with(R"({"outcome":"succeeded"})"));
  broker.send(puback(told->id));
  EXPECT_EQ(verdict.get().outcome, Outcome::accepted);
}

struct Said {
  int reason;
  Outcome outcome;
};
class Told : public Downlinked, public testing::WithParamInterface<Said> {};

TEST_P(Told, ByReasonCode) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  std::future<Verdict> answer = commanded.answer(" answers/me", "{}");
  const std::optional<Publish> told = next();
  ASSERT_TRUE(told);
  broker.send(puback(told->id, GetParam().reason));
  const Verdict verdict = answer.get();
  EXPECT_EQ(verdict.outcome, GetParam().outcome);
  EXPECT_FALSE(verdict.paused);
}

INSTANTIATE_TEST_SUITE_P(Reasons, Told,
                         testing::Values(Said{0x00, Outcome::accepted}, Said{0x10, Outcome::accepted},
                                         Said{0x87, Outcome::rejected}, Said{0x90, Outcome::rejected},
                                         Said{0x97, Outcome::deferred}));

TEST_F(Downlinked, AnAnswerWithoutAConnectionIsDeferred) {
  Options options = commanded_by(stage::free_port());
  Commanded commanded(std::move(options));
  const Verdict verdict = commanded.answer(" answers/me", "{}").get();
  EXPECT_EQ(verdict.outcome, Outcome::deferred);
  EXPECT_EQ(verdict.reason, "not connected");
}

TEST_F(Downlinked, AnAnswerThatIsNotAcknowledgedIsDeferred) {
  Options options = commanded_by(broker.port());
  options.answer_wait = Duration(100);
  Commanded commanded(std::move(options));
  ASSERT_TRUE(begin());
  std::future<Verdict> answer = commanded.answer(" answers/me", "{}");
  ASSERT_TRUE(next());
  const Verdict verdict = answer.get();
  EXPECT_EQ(verdict.outcome, Outcome::deferred);
  EXPECT_EQ(verdict.reason, "not acknowledged within 1 s");
}

TEST_F(Downlinked, AnAnswerThatEndsTheConnectionEachTimeIsRejected) {
  Commanded commanded(commanded_by(broker.port()));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(begin());
    std::future<Verdict> answer = commanded.answer(" answers/me", "{}");
    ASSERT_TRUE(next());
    broker.close();
    EXPECT_EQ(answer.get().outcome, i < 2 ? Outcome::deferred : Outcome::rejected);
    ASSERT_TRUE(commanded.says("closed"));
  }
}

TEST_F(Downlinked, AStopReleasesAnAnswer) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  std::future<Verdict> answer = commanded.answer(" answers/me", "{}");
  ASSERT_TRUE(next());
  commanded.stop.request_stop();
  EXPECT_EQ(answer.get().outcome, Outcome::deferred);
}

TEST_F(Downlinked, AcknowledgementsFindWhomTheyBelongTo) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  Record record;
  record.device = "d/0";
  record.data = "{}";
  std::future<std::vector<Verdict>> delivered = std::async(std::launch::async, [&] {
    return commanded.sink->deliver({&record, 1}, commanded.stop.get_token());
  });
  const std::optional<Publish> event = next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->topic, "up/home-pi/0");
  std::future<Verdict> answer = commanded.answer(" answers/me", "{}");
  const std::optional<Publish> told = next();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->topic, "answers/me");
  broker.send(puback(told->id, 0x90));
  EXPECT_EQ(answer.get().outcome, Outcome::rejected);
  broker.send(puback(event->id));
  EXPECT_EQ(outcomes(delivered.get()), "a");
}

TEST_F(Downlinked, OfAResumedSessionAfterAStartTheAgeIsUnknown) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(broker.greet(true));
  broker.send_publish(command(1, "queued"));  // before any SUBSCRIBE
  const std::optional<CommandMessage> message = commanded.acceptor.wait(0);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->age, std::chrono::hours(24 * 365));
}

TEST_F(Downlinked, TheAgeIsTheTimeAwayUntilTheQueueIsEmptied) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  broker.send_publish(command(1, "live"));
  ASSERT_TRUE(commanded.acceptor.wait(0));
  EXPECT_EQ(commanded.acceptor.taken()[0].age, Duration(0));
  broker.close();
  ASSERT_TRUE(commanded.says("closed"));
  commanded.clock.shift(std::chrono::minutes(5));
  ASSERT_TRUE(begin(true));
  broker.send_publish(command(2, "queued"));
  ASSERT_TRUE(commanded.acceptor.wait(1));
  const Duration age = commanded.acceptor.taken()[1].age;
  EXPECT_GE(age, std::chrono::minutes(5));
  EXPECT_LT(age, std::chrono::minutes(6));
  commanded.clock.shift(std::chrono::seconds(11));
  broker.send_publish(command(3, "live again"));
  ASSERT_TRUE(commanded.acceptor.wait(2));
  EXPECT_EQ(commanded.acceptor.taken()[2].age, Duration(0));
}

TEST_F(Downlinked, AConnectionThatEndsWithinTheQueueDoesNotMakeItYounger) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  ASSERT_TRUE(commanded.up());
  broker.close();
  ASSERT_TRUE(commanded.says("closed"));
  commanded.clock.shift(std::chrono::minutes(5));
  commanded.acceptor.fail(1);
  ASSERT_TRUE(begin(true));
  broker.send_publish(command(1, "queued"));
  ASSERT_TRUE(broker.greet(true)) << "by a new connection";
  broker.send_publish(command(1, "queued"));
  ASSERT_TRUE(commanded.acceptor.wait(0));
  EXPECT_GE(commanded.acceptor.taken()[0].age, std::chrono::minutes(5));
}

struct Where {
  std::string topic, correlation;
  std::string remark;
};
class Unused : public Downlinked, public testing::WithParamInterface<Where> {};

TEST_P(Unused, ResponseTopicsAreLeftOut) {
  const auto make = topic_downlink("home/commands");
  ShiftedClock clock;
  const std::unique_ptr<Downlink> downlink = make(clock);
  Arrival arrival;
  arrival.topic = "home/commands";
  arrival.payload = "{}";
  arrival.response_topic = GetParam().topic;
  arrival.correlation = GetParam().correlation;
  const Downlink::Heard heard = downlink->hear(arrival);
  ASSERT_TRUE(heard.command) << "the command counts all the same";
  EXPECT_EQ(heard.command->reply_to, "");
  EXPECT_NE(heard.remark.find(GetParam().remark), std::string::npos) << heard.remark;
}

INSTANTIATE_TEST_SUITE_P(Topics, Unused,
                         testing::Values(Where{"a/+/b", "", "wildcard"}, Where{"a/#", "", "wildcard"},
                                         Where{"$SYS/x", "", "broker"}, Where{std::string("a\0b", 3), "", "NUL"},
                                         Where{std::string(1025, 'a'), "", "1024"},
                                         Where{"home/commands", "", "command topic"},
                                         Where{"a", std::string(1025, 'x'), "correlation"}));

TEST_F(Downlinked, WhatIsTooLargeIsCutSoThatItCanBeRefused) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(begin());
  broker.send_publish(command(1, std::string(command_bytes_max + 100, 'x')));
  const std::optional<CommandMessage> message = commanded.acceptor.wait(0);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text.size(), command_bytes_max + 1);
}

TEST_F(Downlinked, ARefusedSubscriptionIsToldAndAskedForAgain) {
  Options options = commanded_by(broker.port());
  options.subscribe_again = Duration(100);
  Commanded commanded(std::move(options));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.grant(1, 0x87));
  EXPECT_TRUE(commanded.says("not allowed to subscribe to 'home/commands'"));
  ASSERT_TRUE(broker.grant()) << "it asks again";
  EXPECT_TRUE(commanded.up());
}

TEST_F(Downlinked, ARefusedSubscriptionDoesNotStopEvents) {
  Commanded commanded(commanded_by(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(broker.grant(1, 0x87));
  EXPECT_TRUE(commanded.says("not allowed to subscribe"));
  Record record;
  record.device = "d/0";
  record.data = "{}";
  std::future<std::vector<Verdict>> delivered = std::async(std::launch::async, [&] {
    return commanded.sink->deliver({&record, 1}, commanded.stop.get_token());
  });
  const std::optional<Publish> event = next();
  ASSERT_TRUE(event);
  broker.send(puback(event->id));
  EXPECT_EQ(outcomes(delivered.get()), "a");
  EXPECT_TRUE(commanded.says("not allowed to subscribe")) << "an acknowledgement does not mend it";
}

TEST(CommandTopic, IsOneTopicOfOnesOwn) {
  EXPECT_TRUE(check_command_topic("home/commands"));
  for (const std::string wrong : {"", "a/+", "#", "$SYS/a"}) EXPECT_FALSE(check_command_topic(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::cloud_mqtt
