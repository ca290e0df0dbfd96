// What brokers answer that a mosquitto of the test's own does not: reason codes, limits, farewells.
#include "tests/cloud_mqtt/running.h"
#include "tests/cloud_mqtt/wire.h"

namespace sluice::cloud_mqtt {
namespace {

using stage::Packet;
using stage::ScriptedBroker;

std::string connack(const std::string& properties) {
  return ScriptedBroker::encode(0x20, std::string("\0\0", 2) + static_cast<char>(properties.size()) + properties);
}

struct Scripted : testing::Test {
  std::optional<Publish> next() { return next_publish(broker); }
  ScriptedBroker broker;
};

TEST_F(Scripted, ConnectsCleanWithoutUserProperties) {
  Running running(options_for(broker.port()));
  const std::optional<Packet> connect = broker.greet(false);
  ASSERT_TRUE(connect);
  EXPECT_TRUE(connect->has(std::string("\0\4MQTT\5\2\0\x3c", 10))) << "clean start, keep alive 60";
  EXPECT_FALSE(connect->has("sluice-gateway")) << "a user property, which some brokers take on PUBLISH alone";
  EXPECT_TRUE(connect->has("me"));
  EXPECT_TRUE(running.up());
}

TEST_F(Scripted, PublishesAreMarkedAndNeverRetained) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(1);
  auto answer = running.deliver(all);
  const std::optional<Publish> publish = next();
  ASSERT_TRUE(publish);
  EXPECT_EQ(publish->topic, "up/home-pi/0");
  EXPECT_EQ(publish->qos, 1);
  EXPECT_FALSE(publish->retain);
  EXPECT_NE(publish->rest.find(std::string("sluice-gateway\0\7home-pi", 23)), std::string::npos);
  EXPECT_NE(publish->rest.find(all[0].id.text()), std::string::npos);
  EXPECT_TRUE(publish->rest.ends_with(all[0].data));
  broker.send(puback(publish->id));
  EXPECT_EQ(outcomes(answer.get()), "a");
}

TEST_F(Scripted, TheWindowIsKept) {
  Options options = options_for(broker.port());
  options.window = 3;
  Running running(std::move(options));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(5);
  auto answer = running.deliver(all);
  std::vector<int> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(next()->id);
  EXPECT_FALSE(broker.read(std::chrono::milliseconds(200))) << "three are not acknowledged";
  broker.send(puback(ids[0]));
  ids.push_back(next()->id);
  for (int i = 1; i < 4; ++i) broker.send(puback(ids[static_cast<std::size_t>(i)]));
  broker.send(puback(next()->id));
  EXPECT_EQ(outcomes(answer.get()), "aaaaa");
}

TEST_F(Scripted, TheServersReceiveMaximumIsObeyed) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send(connack(std::string("\x21\0\2", 3)));  // Receive Maximum 2 (MQTT 5 section 3.2.2.3.3)
  const auto all = running.records(3);
  auto answer = running.deliver(all);
  const int first = next()->id;
  const int second = next()->id;
  EXPECT_FALSE(broker.read(std::chrono::milliseconds(200)));
  broker.send(puback(first) + puback(second));
  broker.send(puback(next()->id));
  EXPECT_EQ(outcomes(answer.get()), "aaa");
}

TEST_F(Scripted, WhatIsLargerThanTheServerTakesIsNotSent) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send(connack(std::string("\x27\0\0\4\0", 5)));  // Maximum Packet Size 1024
  auto all = running.records(2);
  all[0].data += std::string(2000, ' ');
  auto answer = running.deliver(all);
  const std::optional<Publish> sent = next();
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->topic, "up/home-pi/1");
  broker.send(puback(sent->id));
  const std::vector<Verdict> verdicts = answer.get();
  EXPECT_EQ(outcomes(verdicts), "ra");
  EXPECT_NE(verdicts[0].reason.find("more than this cloud takes"), std::string::npos) << verdicts[0].reason;
}

TEST_F(Scripted, AServerThatConfirmsNothingIsTold) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.accept());
  ASSERT_TRUE(broker.read());
  broker.send(connack(std::string("\x24\0", 2)));  // Maximum QoS 0
  EXPECT_TRUE(running.says("uplink.qos: 0"));
  EXPECT_TRUE(running.paused());
}

struct Reason {
  int code;
  char outcome;
};
class Acknowledged : public Scripted, public testing::WithParamInterface<Reason> {};

TEST_P(Acknowledged, ByReasonCode) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(1);
  auto answer = running.deliver(all);
  const std::optional<Publish> publish = next();
  ASSERT_TRUE(publish);
  broker.send(puback(publish->id, GetParam().code));
  const std::vector<Verdict> verdicts = answer.get();
  EXPECT_EQ(outcomes(verdicts), std::string(1, GetParam().outcome));
  EXPECT_EQ(verdicts[0].reason.empty(), GetParam().outcome == 'a');
}

INSTANTIATE_TEST_SUITE_P(Reasons, Acknowledged,
                         testing::Values(Reason{0x00, 'a'}, Reason{0x10, 'a'}, Reason{0x80, 'd'}, Reason{0x83, 'd'},
                                         Reason{0x87, 'p'}, Reason{0x90, 'r'}, Reason{0x97, 'd'}, Reason{0x99, 'r'}));

TEST_F(Scripted, AfterADeferralNothingCounts) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(4);
  auto answer = running.deliver(all);
  std::vector<int> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(next()->id);
  broker.send(puback(ids[0]) + puback(ids[2]) + puback(ids[3]) + puback(ids[1], 0x97));
  EXPECT_EQ(outcomes(answer.get()), "ad") << "the rest stays without a verdict: it is sent again, in order";
}

TEST_F(Scripted, WhatWasNotAcknowledgedIsSentAgainByANewConnection) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(3);
  auto answer = running.deliver(all);
  const int first = next()->id;
  next();
  const int third = next()->id;
  broker.send(puback(first) + puback(third));
  ASSERT_TRUE(stage::eventually([&] { return running.sink->link()->health == Link::Health::up; }));
  broker.close();
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Publish> again = next();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->topic, "up/home-pi/1") << "from the oldest without an acknowledgement on";
  EXPECT_FALSE(again->dup) << "the library that sent it before is gone";
  const std::optional<Publish> last = next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->topic, "up/home-pi/2");
  broker.send(puback(again->id) + puback(last->id));
  EXPECT_EQ(outcomes(answer.get()), "aaa");
}

TEST_F(Scripted, AGreetingAloneIsNoRecoveryOnceOneWasCut) {
  Running running(options_for(broker.port()));
  const auto all = running.records(1);
  auto answer = running.deliver(all);
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(next());
  broker.close();
  ASSERT_TRUE(running.says("closed"));
  ASSERT_TRUE(broker.greet(false));
  const std::optional<Publish> again = next();
  ASSERT_TRUE(again);
  EXPECT_EQ(running.sink->link()->health, Link::Health::down);
  broker.send(puback(again->id));
  EXPECT_EQ(outcomes(answer.get()), "a");
  EXPECT_TRUE(running.up());
}

TEST_F(Scripted, ATakeoverIsNamed) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  ASSERT_TRUE(running.up());
  broker.send(ScriptedBroker::encode(0xE0, std::string("\x8e\0", 2)));
  EXPECT_TRUE(running.says("another client took over the client id 'me'"));
}

TEST_F(Scripted, AFarewellForSizeSetsTheRecordAside) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(1, 3000);
  auto answer = running.deliver(all);
  ASSERT_TRUE(next());
  broker.send(ScriptedBroker::encode(0xE0, std::string("\x95\0", 2)));
  broker.close();
  ASSERT_TRUE(broker.greet(false));
  EXPECT_EQ(outcomes(answer.get()), "r");
}

TEST_F(Scripted, ARecordThatEndsTheConnectionEachTimePausesTheCloud) {
  Running running(options_for(broker.port()));
  const auto all = running.records(2);
  auto answer = running.deliver(all);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(broker.greet(false, 0)) << i;
    ASSERT_TRUE(next()) << i;
    broker.close();
  }
  const std::vector<Verdict> verdicts = answer.get();
  ASSERT_FALSE(verdicts.empty());
  EXPECT_EQ(outcomes(verdicts).substr(0, 1), "p");
  EXPECT_NE(verdicts[0].reason.find("is its topic allowed"), std::string::npos);
}

struct Refusal {
  int code;
  const char* words;
};
class Refused : public Scripted, public testing::WithParamInterface<Refusal> {};

TEST_P(Refused, PausesAndNamesWhatToChange) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false, GetParam().code));
  EXPECT_TRUE(running.says(GetParam().words));
  EXPECT_TRUE(running.paused());
}

INSTANTIATE_TEST_SUITE_P(Codes, Refused,
                         testing::Values(Refusal{0x84, "protocol: 3.1.1"}, Refusal{0x85, "client_id"},
                                         Refusal{0x86, "username and password"}, Refusal{0x87, "username and password"},
                                         Refusal{0x8a, "banned"}));

TEST_F(Scripted, ABusyServerIsTriedAgain) {
  Running running(options_for(broker.port()));
  ASSERT_TRUE(broker.greet(false, 0x89));
  EXPECT_TRUE(running.says("busy"));
  EXPECT_FALSE(running.paused());
  ASSERT_TRUE(broker.greet(false));
  EXPECT_TRUE(running.up());
}

TEST_F(Scripted, SilenceIsTold) {
  Options options = options_for(broker.port());
  options.acknowledge_wait = Duration(100);
  Running running(std::move(options));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(1);
  auto answer = running.deliver(all);
  const std::optional<Publish> publish = next();
  ASSERT_TRUE(publish);
  EXPECT_TRUE(running.says("nothing acknowledged"));
  broker.send(puback(publish->id));
  EXPECT_EQ(outcomes(answer.get()), "a");
  EXPECT_TRUE(running.up());
}

TEST_F(Scripted, APackThatIsRefusedForItsContentIsTakenApart) {
  Options options = options_for(broker.port());
  options.topics = std::make_shared<TopicTemplate>(*TopicTemplate::parse("up/{gateway}", "home-pi"));
  options.pack_bytes_max = 64 * 1024;
  Running running(std::move(options));
  ASSERT_TRUE(broker.greet(false));
  const auto all = running.records(3);
  auto answer = running.deliver(all);
  const std::optional<Publish> pack = next();
  ASSERT_TRUE(pack);
  for (const Record& record : all) EXPECT_NE(pack->rest.find(record.id.text()), std::string::npos);
  broker.send(puback(pack->id, 0x99));
  for (int i = 0; i < 3; ++i) {
    const std::optional<Publish> single = next();
    ASSERT_TRUE(single);
    broker.send(puback(single->id, i == 1 ? 0x99 : 0));
  }
  EXPECT_EQ(outcomes(answer.get()), "ara");
}

TEST_F(Scripted, ALoginIsRenewedBetweenMessages) {
  Options options = options_for(broker.port());
  options.protocol = Protocol::v3_1_1;
  auto made = std::make_shared<std::atomic<int>>(0);
  options.login = [made](const Clock& clock) -> Result<Login> {
    const int number = ++*made;
    return Login{"me", "token" + std::to_string(number),
                 number == 1 ? std::optional(clock.now() + Duration(300)) : std::nullopt};
  };
  Running running(std::move(options));
  const std::optional<Packet> first = broker.greet(false);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->has("token1"));
  const auto all = running.records(2);
  auto answer = running.deliver(all);
  broker.send(puback(next()->id));
  ASSERT_TRUE(next()) << "is never acknowledged";
  const std::optional<Packet> farewell = broker.read();
  ASSERT_TRUE(farewell);
  EXPECT_EQ(farewell->type(), stage::disconnect);
  const std::optional<Packet> second = broker.greet(false);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->has("token2"));
  const std::optional<Publish> again = next();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->topic, "up/home-pi/1");
  broker.send(puback(again->id));
  EXPECT_EQ(outcomes(answer.get()), "aa");
}

}  // namespace
}  // namespace sluice::cloud_mqtt
