// The client that commands go out through, against a real mosquitto.

#include <gtest/gtest.h>

#include "connectors/local_broker/publisher.h"
#include "tests/local_broker/commanding.h"
#include "tests/local_broker/running.h"
#include "tests/stage/mosquitto.h"

namespace sluice::local_broker {
namespace {

using stage::eventually;

struct Commands : testing::Test {
  std::unique_ptr<Publisher> device() {
    Options options = options_for(broker.port());
    options.client_id = "device";
    Result<std::unique_ptr<Publisher>> made = Publisher::connect(options);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  void says(Publisher& publisher, const std::string& topic, const std::string& payload, bool retain = false) {
    ASSERT_TRUE(publisher.publish(topic, payload, 1, retain));
    ASSERT_TRUE(publisher.flush(stage::patience));
  }
  Options listening(const std::string& filter) {
    Options options = options_for(broker.port());
    options.filters = {filter};
    return options;
  }

  stage::Mosquitto broker;
};

TEST_F(Commands, ReachADeviceAndItsReplyIsHeard) {
  Running plug(listening("cmnd/#"));
  ASSERT_TRUE(plug.up());
  Commanding commanding(command_options(broker.port()), {"stat/+/RESULT", "tele/+/LWT"});
  ASSERT_TRUE(commanding.up());
  EXPECT_EQ(commanding.sink.state().protocol, "5");
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::acknowledged);
  ASSERT_TRUE(plug.received(1));
  const Message command = plug.acceptor.messages()[0];
  EXPECT_EQ(command.topic, "cmnd/plug/POWER");
  EXPECT_EQ(command.payload, "ON");
  EXPECT_EQ(command.qos, 1);
  EXPECT_FALSE(command.retained);
  EXPECT_TRUE(command.from_gateway);
  says(*device(), "stat/plug/RESULT", R"({"POWER":"ON"})");
  ASSERT_TRUE(commanding.hears(1));
  EXPECT_EQ(commanding.listener.messages()[0].payload, R"({"POWER":"ON"})");
}

TEST_F(Commands, ManyGoOutInOrder) {
  Running plug(listening("cmnd/#"));
  ASSERT_TRUE(plug.up());
  Commanding commanding(command_options(broker.port()), {});
  ASSERT_TRUE(commanding.up());
  // More than a stock mosquitto has on the way, and than the library's wake-up socket holds.
  for (int i = 0; i < 500; ++i) {
    CommandPublish publish = power_on();
    publish.payload = std::to_string(i);
    ASSERT_EQ(commanding.sink.publish(publish, {}), Sent::acknowledged);
  }
  ASSERT_TRUE(plug.received(500));
  const std::vector<Message> messages = plug.acceptor.messages();
  for (int i = 0; i < 500; ++i) ASSERT_EQ(messages[static_cast<std::size_t>(i)].payload, std::to_string(i));
}

TEST_F(Commands, RetainedPresenceIsHeardAtConnectAndLivePresenceIsNotTakenForIt) {
  const auto plug = device();
  says(*plug, "tele/plug/LWT", "Online", true);
  Commanding commanding(command_options(broker.port()), {"tele/+/LWT"});
  ASSERT_TRUE(commanding.hears(1));
  EXPECT_EQ(commanding.listener.messages()[0].payload, "Online");
  EXPECT_TRUE(commanding.listener.messages()[0].retained);
  ASSERT_TRUE(commanding.up());
  says(*plug, "tele/plug/LWT", "Offline", true);
  ASSERT_TRUE(commanding.hears(2));
  EXPECT_EQ(commanding.listener.messages()[1].payload, "Offline");
  EXPECT_FALSE(commanding.listener.messages()[1].retained) << "it was published just now, though with RETAIN";
}

TEST_F(Commands, AKilledBrokerIsComeBackTo) {
  Commanding commanding(command_options(broker.port()), {"stat/#"});
  ASSERT_TRUE(commanding.up());
  broker.kill();
  ASSERT_TRUE(commanding.down());
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::not_sent);
  EXPECT_TRUE(commanding.says("commands: not connected to mqtt://"));
  broker.start();
  ASSERT_TRUE(commanding.up());
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::acknowledged);
  says(*device(), "stat/plug/RESULT", "{}");
  EXPECT_TRUE(commanding.hears(1));
}

TEST_F(Commands, ABrokerThatHangsLeavesTheCommandUnknownAndGetsItOnce) {
  Running plug(listening("cmnd/#"));
  ASSERT_TRUE(plug.up());
  Options options = command_options(broker.port());
  options.publish_wait = Duration(1000);
  Commanding commanding(options, {});
  ASSERT_TRUE(commanding.up());
  broker.suspend();
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::unknown);
  broker.resume();
  ASSERT_TRUE(commanding.up());
  ASSERT_TRUE(plug.received(1)) << "it was in the socket already";
  CommandPublish last = power_on();
  last.payload = "last";
  EXPECT_TRUE(eventually([&] { return commanding.sends(last).get() == Sent::acknowledged; }));
  ASSERT_TRUE(plug.received(2));
  EXPECT_EQ(plug.acceptor.messages()[0].payload, "ON");
  EXPECT_EQ(plug.acceptor.messages()[1].payload, "last");
}

TEST(CommandAccess, WhatTheAccessListForbidsIsToldAsNotSent) {
  const stage::TempFolder folder;
  stage::write_file(folder / "acl", "topic read #\ntopic write cmnd/allowed/#\n");
  stage::Mosquitto broker({"acl_file " + (folder / "acl").string()});
  Commanding commanding(command_options(broker.port()), {"stat/#"});
  ASSERT_TRUE(commanding.up());
  EXPECT_EQ(commanding.sends(power_on()).get(), Sent::not_sent);
  EXPECT_TRUE(commanding.says("not authorised: check the broker's access list"));
  CommandPublish allowed = power_on();
  allowed.topic = "cmnd/allowed/POWER";
  EXPECT_EQ(commanding.sends(allowed).get(), Sent::acknowledged);
}

}  // namespace
}  // namespace sluice::local_broker
