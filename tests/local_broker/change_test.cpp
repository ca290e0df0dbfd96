// Other options while messages come, against a real mosquitto.
#include <gtest/gtest.h>

#include "connectors/local_broker/publisher.h"
#include "tests/local_broker/commanding.h"
#include "tests/local_broker/running.h"
#include "tests/stage/mosquitto.h"

namespace sluice::local_broker {
namespace {

using stage::eventually;

struct Changes : testing::Test {
  void publish(const std::string& topic, const std::string& payload) {
    if (!device) {
      Options options = options_for(broker.port());
      options.client_id = "device";
      auto made = Publisher::connect(options);
      ASSERT_TRUE(made) << made.error().message;
      device = std::move(*made);
    }
    ASSERT_TRUE(device->publish(topic, payload, 1));
    ASSERT_TRUE(device->flush(stage::patience));
  }
  Options with(std::vector<std::string> filters) const {
    Options options = options_for(broker.port());
    options.filters = std::move(filters);
    return options;
  }
  /// How often a client of this id was connected, as the broker counts.
  std::size_t connections(const std::string& client_id) const {
    const std::string log = broker.output(), words = " as " + client_id + " ";
    std::size_t count = 0;
    for (std::size_t at = log.find(words); at != std::string::npos; at = log.find(words, at + 1)) ++count;
    return count;
  }
  static bool resubscribed(Running& running, const std::string& words) {
    return eventually([&] { return running.source.state().subscribed && running.log.contains(words); });
  }
  static std::vector<std::string> payloads(const TestAcceptor& acceptor) {
    std::vector<std::string> all;
    for (const Message& message : acceptor.messages()) all.push_back(message.payload);
    return all;
  }

  stage::Mosquitto broker{{"log_type all"}};
  std::unique_ptr<Publisher> device;
};

TEST_F(Changes, FiltersChangeOnTheLivingConnection) {
  Running running(with({"a/#", "b/#"}));
  ASSERT_TRUE(running.up());
  running.source.change(with({"b/#", "c/#", "d/#"}), std::nullopt);
  ASSERT_TRUE(resubscribed(running, "subscribed to 3 filters"));
  publish("a/x", "a");
  publish("b/x", "b");
  publish("c/x", "c");
  publish("d/x", "d");
  ASSERT_TRUE(running.received(3));
  EXPECT_EQ(payloads(running.acceptor), (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_EQ(connections("sluice-test"), 1u);
  EXPECT_EQ(running.acceptor.sessions_lost(), 1) << "the first connection's";
}

TEST_F(Changes, AFilterThatStaysIsNotSubscribedAgain) {
  Running running(with({"a/#"}));
  ASSERT_TRUE(running.up());
  running.source.change(with({"a/#", "c/#"}), std::nullopt);
  ASSERT_TRUE(resubscribed(running, "subscribed to 2 filters"));
  const std::string log = broker.output();
  EXPECT_EQ(log.find("a/# (QoS 1)"), log.rfind("a/# (QoS 1)"));
}

TEST_F(Changes, NothingIsLostWhileFiltersChange) {
  Running running(with({"t/#", "x"}));
  ASSERT_TRUE(running.up());
  for (int i = 0; i < 300; ++i) {
    publish("t/1", std::to_string(i));
    if (i % 10 == 0) running.source.change(with({"t/#", "x" + std::to_string(i)}), std::nullopt);
  }
  ASSERT_TRUE(running.received(300));
  const std::vector<std::string> all = payloads(running.acceptor);
  ASSERT_EQ(all.size(), 300u);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(connections("sluice-test"), 1u);
}

TEST_F(Changes, WhatChangedWhileTheBrokerWasAwayIsSubscribedThen) {
  Running running(with({"a/#"}));
  ASSERT_TRUE(running.up());
  broker.stop();
  ASSERT_TRUE(eventually([&] { return !running.source.state().connected; }));
  running.source.change(with({"c/#"}), std::nullopt);
  broker.start();
  ASSERT_TRUE(running.up());
  publish("c/x", "c");
  ASSERT_TRUE(running.received(1));
}

TEST_F(Changes, ANewLineKeepsTheSession) {
  Running running(with({"a/#"}));
  ASSERT_TRUE(running.up());
  Options other = with({"a/#", "c/#"});
  other.receive_maximum = 7;
  running.source.change(other, Line{});
  ASSERT_TRUE(resubscribed(running, "session resumed"));
  publish("a/x", "a");
  publish("c/x", "c");
  ASSERT_TRUE(running.received(2));
  EXPECT_EQ(connections("sluice-test"), 2u);
  EXPECT_EQ(running.acceptor.sessions_lost(), 1) << "the first connection's";
}

TEST_F(Changes, AnotherAddressIsTriedAtOnce) {
  Options nowhere = with({"a/#"});
  nowhere.address.port = 1;
  Running running(nowhere);
  ASSERT_TRUE(running.says("efused"));
  running.source.change(with({"a/#"}), Line{});
  EXPECT_TRUE(running.up());
}

TEST_F(Changes, TheCommandsClientHearsNewTopicsOnTheLivingConnection) {
  Commanding commanding(command_options(broker.port()), {"a/#"});
  ASSERT_TRUE(commanding.up());
  commanding.sink.change(command_options(broker.port()), {"a/#", "c/#"}, std::nullopt);
  ASSERT_TRUE(eventually([&] { return broker.output().find("c/# (QoS 1)") != std::string::npos; }));
  publish("c/x", "c");
  ASSERT_TRUE(commanding.hears(1));
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::acknowledged);
  EXPECT_EQ(connections("sluice-test-commands"), 1u);
}

}  // namespace
}  // namespace sluice::local_broker
