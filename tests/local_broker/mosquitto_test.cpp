// Against a real mosquitto: what a user's broker does.

#include "tests/stage/mosquitto.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "connectors/local_broker/publisher.h"
#include "tests/local_broker/running.h"

namespace sluice::local_broker {
namespace {

using stage::eventually;

std::unique_ptr<Publisher> publisher_for(const Options& options) {
  Options own = options;
  own.client_id = "device";
  Result<std::unique_ptr<Publisher>> made = Publisher::connect(own);
  EXPECT_TRUE(made) << made.error().message;
  return std::move(*made);
}

void publish(Publisher& publisher, int from, int to, int qos = 1) {
  for (int i = from; i < to; ++i) ASSERT_TRUE(publisher.publish("t/" + std::to_string(i % 7), std::to_string(i), qos));
  ASSERT_TRUE(publisher.flush(stage::patience));
}

TEST(Mosquitto, DeliversWhatDevicesPublish) {
  stage::Mosquitto broker({"max_queued_messages 0"});  // by itself it drops what a slow reader leaves beyond 1000
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  EXPECT_EQ(running.source.state().protocol, "5");
  const auto publisher = publisher_for(options_for(broker.port()));
  publish(*publisher, 0, 5000);
  ASSERT_TRUE(running.received(5000));
  const std::vector<Message> messages = running.acceptor.messages();
  ASSERT_EQ(messages.size(), 5000U);
  for (int i = 0; i < 5000; ++i) {
    const Message& message = messages[static_cast<std::size_t>(i)];
    ASSERT_EQ(message.topic, "t/" + std::to_string(i % 7));
    ASSERT_EQ(message.payload, std::to_string(i));
    ASSERT_EQ(message.qos, 1);
    ASSERT_NE(message.packet_id, 0);
    ASSERT_FALSE(message.resent);
    ASSERT_FALSE(message.retained);
    ASSERT_EQ(message.payload_size, message.payload.size());
  }
}

TEST(Mosquitto, CommitsInGroups) {
  stage::Mosquitto broker({"max_queued_messages 0"});
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  const auto publisher = publisher_for(options_for(broker.port()));
  running.acceptor.hang(true);
  publish(*publisher, 0, 1);
  ASSERT_TRUE(eventually([&] { return running.acceptor.calls() == 1; }));
  publish(*publisher, 1, 1000);
  running.acceptor.hang(false);
  ASSERT_TRUE(running.received(1000));
  // A stock mosquitto has 20 on the way; the receive maximum of 1000 allows it more.
  std::size_t largest = 0;
  for (const auto& batch : running.acceptor.batches()) largest = std::max(largest, batch.size());
  EXPECT_GT(largest, 20U);
}

TEST(Mosquitto, RedeliversWhatWasNotCommittedWithDup) {
  stage::Mosquitto broker;
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  running.acceptor.fail(2);
  const auto publisher = publisher_for(options_for(broker.port()));
  publish(*publisher, 0, 1);
  ASSERT_TRUE(running.received(1));
  publish(*publisher, 1, 2);
  ASSERT_TRUE(running.received(2));
  const std::vector<Message> messages = running.acceptor.messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].payload, "0");
  EXPECT_TRUE(messages[0].resent);
  EXPECT_EQ(messages[1].payload, "1");
  EXPECT_FALSE(messages[1].resent);
  EXPECT_EQ(running.acceptor.sessions_lost(), 1);
}

TEST(Mosquitto, KeepsMessagesOverAStop) {
  stage::Mosquitto broker;
  const Options options = options_for(broker.port());
  {
    Running first(options);
    ASSERT_TRUE(first.up());
    EXPECT_EQ(first.acceptor.sessions_lost(), 1);
  }
  const auto publisher = publisher_for(options);
  publish(*publisher, 0, 100);
  Running second(options);
  ASSERT_TRUE(second.received(100));
  EXPECT_TRUE(second.up());
  EXPECT_EQ(second.acceptor.sessions_lost(), 0);
  for (const Message& message : second.acceptor.messages()) EXPECT_FALSE(message.resent);
}

TEST(Mosquitto, SurvivesARestartOfTheBroker) {
  const stage::TempFolder folder;
  stage::Mosquitto broker(stage::Mosquitto::persistence(folder.path()));
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  publish(*publisher_for(options_for(broker.port())), 0, 50);
  ASSERT_TRUE(running.received(50));
  broker.stop();
  ASSERT_TRUE(eventually([&] { return !running.source.state().connected; }));
  ASSERT_TRUE(running.says("efused"));
  broker.start();
  ASSERT_TRUE(running.up());
  EXPECT_TRUE(running.source.state().last_error.empty());
  publish(*publisher_for(options_for(broker.port())), 50, 100);
  ASSERT_TRUE(running.received(100));
  EXPECT_EQ(running.source.state().session_lost_total, 0U);
}

TEST(Mosquitto, AWaitingFloodComesThroughARestartOfTheBroker) {
  const stage::TempFolder folder;
  std::vector<std::string> lines = stage::Mosquitto::persistence(folder.path());
  lines.emplace_back("max_queued_messages 0");
  stage::Mosquitto broker(lines);
  const Options options = options_for(broker.port());
  {
    Running first(options);
    ASSERT_TRUE(first.up());
  }
  publish(*publisher_for(options), 0, 3000);
  broker.stop();
  broker.start();
  Running second(options);
  ASSERT_TRUE(second.received(3000));
  EXPECT_EQ(second.acceptor.sessions_lost(), 0);
}

TEST(Mosquitto, ALostSessionIsNoticed) {
  stage::Mosquitto broker;
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  broker.kill();
  ASSERT_TRUE(eventually([&] { return !running.source.state().connected; }));
  broker.start();
  ASSERT_TRUE(running.up());
  EXPECT_EQ(running.source.state().session_lost_total, 1U);
  EXPECT_EQ(running.acceptor.sessions_lost(), 2);
  publish(*publisher_for(options_for(broker.port())), 0, 1);
  EXPECT_TRUE(running.received(1)) << "subscribed anew";
}

TEST(Mosquitto, KeepsTryingABrokerThatIsNotThereYet) {
  stage::Mosquitto broker;
  broker.stop();
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.says("efused"));
  broker.start();
  EXPECT_TRUE(running.up());
}

TEST(Mosquitto, StopsInTimeWhileTheBrokerHangs) {
  stage::Mosquitto broker;
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  broker.suspend();
  running.stop();
  broker.resume();
  EXPECT_TRUE(running.result);
}

TEST(Mosquitto, ChangedFiltersAreSubscribedAnew) {
  stage::Mosquitto broker;
  Options options = options_for(broker.port());
  options.filters = {"old/#", "t/1"};
  {
    Running first(options);
    ASSERT_TRUE(first.up());
  }
  options.former_filters = options.filters;
  options.filters = {"t/#"};
  Running second(options);
  ASSERT_TRUE(second.up());
  const auto publisher = publisher_for(options);
  for (const char* topic : {"old/a", "t/1", "t/2", "t/end"}) ASSERT_TRUE(publisher->publish(topic, "x", 1));
  ASSERT_TRUE(publisher->flush(stage::patience));
  ASSERT_TRUE(eventually([&] {
    const std::vector<Message> messages = second.acceptor.messages();
    return !messages.empty() && messages.back().topic == "t/end";
  }));
  std::vector<std::string> topics;
  for (const Message& message : second.acceptor.messages()) topics.push_back(message.topic);
  EXPECT_EQ(topics, (std::vector<std::string>{"t/1", "t/2", "t/end"})) << "each once, and nothing of the former filter";
}

TEST(Mosquitto, RetainedMessagesAreMarkedAndLiveOnesAreNot) {
  stage::Mosquitto broker;
  const Options options = options_for(broker.port());
  const auto publisher = publisher_for(options);
  ASSERT_TRUE(publisher->publish("t/before", "1", 1, true));
  ASSERT_TRUE(publisher->flush(stage::patience));
  {
    Running running(options);
    ASSERT_TRUE(running.received(1));
    EXPECT_TRUE(running.acceptor.messages()[0].retained);
    ASSERT_TRUE(publisher->publish("t/live", "2", 1, true));
    ASSERT_TRUE(publisher->flush(stage::patience));
    ASSERT_TRUE(running.received(2));
    EXPECT_FALSE(running.acceptor.messages()[1].retained);
  }
  // The session goes on: the subscription is not a new one, and brings nothing twice.
  Running again(options);
  ASSERT_TRUE(again.up());
  publish(*publisher, 3, 4);
  ASSERT_TRUE(again.received(1));
  EXPECT_EQ(again.acceptor.messages()[0].payload, "3");
}

TEST(Mosquitto, RetainedMessagesCanBeLeftWithTheBroker) {
  stage::Mosquitto broker;
  Options options = options_for(broker.port());
  options.ignore_retained = true;
  const auto publisher = publisher_for(options);
  ASSERT_TRUE(publisher->publish("t/before", "1", 1, true));
  ASSERT_TRUE(publisher->flush(stage::patience));
  Running running(options);
  ASSERT_TRUE(running.up());
  publish(*publisher, 3, 4);
  ASSERT_TRUE(running.received(1));
  EXPECT_EQ(running.acceptor.messages()[0].payload, "3");
}

TEST(Mosquitto, AMessageThatIsTooLargeIsAcknowledgedLikeAnyOther) {
  stage::Mosquitto broker;
  Options options = options_for(broker.port());
  options.message_size_max = 10'000;
  Running running(options);
  ASSERT_TRUE(running.up());
  const auto publisher = publisher_for(options);
  ASSERT_TRUE(publisher->publish("t/large", std::string(5'000'000, 'x'), 1));
  publish(*publisher, 1, 2);
  ASSERT_TRUE(running.received(2));
  const std::vector<Message> messages = running.acceptor.messages();
  EXPECT_EQ(messages[0].payload.size(), oversize_kept);
  EXPECT_EQ(messages[0].payload_size, 5'000'000U);
  EXPECT_FALSE(messages[1].cut());
}

TEST(Mosquitto, AWrongPasswordIsSaidAndNeverShown) {
  const stage::TempFolder folder;
  const std::string passwords = folder / "passwords";
  stage::write_file(passwords, "sluice:right-password\n");
  ASSERT_EQ(stage::run_to_end({"mosquitto_passwd", "-U", passwords}).code, 0);
  stage::Mosquitto broker({"password_file " + passwords});
  Options options = options_for(broker.port());
  options.username = "sluice";
  options.password = "wrong-password";
  {
    Running running(options);
    EXPECT_TRUE(running.says("not authorised: check username and password"));
    EXPECT_FALSE(running.log.contains("wrong-password"));
  }
  const auto refused = Publisher::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("check username and password"), std::string::npos);
  options.password = "right-password";
  Running running(options);
  EXPECT_TRUE(running.up());
}

TEST(Mosquitto, AnotherClientWithTheSameIdIsSaid) {
  stage::Mosquitto broker;
  Running first(options_for(broker.port()));
  ASSERT_TRUE(first.up());
  Running second(options_for(broker.port()));
  EXPECT_TRUE(eventually([&] { return first.log.contains("does another client use the client id 'sluice-test'?"); }));
}

TEST(Publisher, SaysWhenThereIsNoBroker) {
  const auto publisher = Publisher::connect(options_for(stage::free_port()));
  ASSERT_FALSE(publisher);
  EXPECT_EQ(publisher.error().kind, ErrorKind::unavailable);
  EXPECT_NE(publisher.error().message.find("efused"), std::string::npos) << publisher.error().message;
}

TEST(Publisher, SaysWhenTheBrokerHasGone) {
  stage::Mosquitto broker;
  const auto publisher = publisher_for(options_for(broker.port()));
  broker.kill();
  EXPECT_TRUE(eventually([&] { return !publisher->publish("t/a", "x", 1); }));
}

TEST(Publisher, PublishesAtQos0) {
  stage::Mosquitto broker;
  Running running(options_for(broker.port()));
  ASSERT_TRUE(running.up());
  const auto publisher = publisher_for(options_for(broker.port()));
  publish(*publisher, 0, 500, 0);
  ASSERT_TRUE(running.received(500));
  EXPECT_EQ(running.acceptor.messages()[0].qos, 0);
}

}  // namespace
}  // namespace sluice::local_broker
