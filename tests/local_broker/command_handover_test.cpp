// What may be said of a publish that goes from one thread to another.

#include "connectors/local_broker/command_handover.h"

#include <future>

#include <gtest/gtest.h>

#include "tests/stage/fake_clock.h"
#include "tests/stage/process.h"

namespace sluice::local_broker {
namespace {

using Sent = CommandSink::Sent;
using std::chrono::seconds;

struct Handover : testing::Test {
  std::future<Sent> give(Duration most = seconds(60), seconds expires_in = seconds(60)) {
    return std::async(std::launch::async, [this, most, expires_in] {
      return handover.give({.topic = "t", .payload = "p", .qos = 1, .expires_in = expires_in}, most, stop.get_token());
    });
  }
  std::optional<CommandPublish> take() {
    std::optional<CommandPublish> taken;
    stage::eventually([&] { return (taken = handover.take()).has_value(); });
    return taken;
  }

  stage::FakeClock clock;
  CommandHandover handover{std::make_shared<mqtt::Wake>(), clock};
  std::stop_source stop;
};

TEST_F(Handover, NothingIsTakenBeforeItIsOpen) {
  EXPECT_FALSE(handover.is_open());
  EXPECT_EQ(give().get(), Sent::not_sent);
  EXPECT_FALSE(handover.take());
}

TEST_F(Handover, BringsBackHowItEnded) {
  handover.open();
  for (const Sent end : {Sent::acknowledged, Sent::not_sent}) {
    std::future<Sent> sent = give();
    const std::optional<CommandPublish> taken = take();
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->payload, "p");
    EXPECT_FALSE(handover.take()) << "once";
    handover.end(end);
    EXPECT_EQ(sent.get(), end);
  }
}

TEST_F(Handover, WhatIsNotTakenInTimeIsWithdrawn) {
  handover.open();
  EXPECT_EQ(give(Duration(1)).get(), Sent::not_sent);
  EXPECT_FALSE(handover.take());
  EXPECT_FALSE(handover.abandoned());
  EXPECT_TRUE(handover.is_open());
}

TEST_F(Handover, WhatWasTakenAndIsNotEndedIsUnknownAndAbandoned) {
  handover.open();
  std::future<Sent> sent = give();
  ASSERT_TRUE(take());
  stop.request_stop();
  EXPECT_EQ(sent.get(), Sent::unknown);
  EXPECT_TRUE(handover.abandoned());
  EXPECT_FALSE(handover.is_open());
  handover.open();
  EXPECT_FALSE(handover.is_open()) << "not before the client is gone";
  handover.end(Sent::acknowledged);
  stop = std::stop_source();
  std::future<Sent> next = give();
  EXPECT_EQ(next.wait_for(stage::patience), std::future_status::ready) << "refused at once";
  handover.close();
  EXPECT_EQ(next.get(), Sent::not_sent);
  EXPECT_FALSE(handover.abandoned());
  handover.open();
  EXPECT_TRUE(handover.is_open());
}

TEST_F(Handover, AStopWithdrawsWhatWaits) {
  handover.open();
  std::future<Sent> sent = give();
  stop.request_stop();
  EXPECT_EQ(sent.get(), Sent::not_sent);
  EXPECT_FALSE(handover.take());
}

TEST_F(Handover, TheEndOfTheConnectionLeavesATakenOneUnknown) {
  handover.open();
  std::future<Sent> sent = give();
  ASSERT_TRUE(take());
  handover.close();
  EXPECT_EQ(sent.get(), Sent::unknown);
}

TEST_F(Handover, TheTimeItWaitedCounts) {
  handover.open();
  std::future<Sent> sent = give(seconds(60), seconds(30));
  ASSERT_TRUE(stage::eventually([&] { return handover.waits(); }));
  clock.advance(seconds(12));
  const std::optional<CommandPublish> taken = take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->expires_in, seconds(18));
  handover.end(Sent::acknowledged);
  EXPECT_EQ(sent.get(), Sent::acknowledged);
}

TEST_F(Handover, WhatHasExpiredMeanwhileIsNotTaken) {
  handover.open();
  std::future<Sent> sent = give(seconds(60), seconds(30));
  ASSERT_TRUE(stage::eventually([&] { return handover.waits(); }));
  clock.advance(seconds(30));
  EXPECT_FALSE(handover.take());
  EXPECT_EQ(sent.get(), Sent::not_sent);
}

}  // namespace
}  // namespace sluice::local_broker
