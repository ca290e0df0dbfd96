// How a connector brings commands: CommandSource in gateway/core/ports.h.
#include "tests/contract/cases.h"
#include "tests/stage/process.h"

namespace sluice::contract {
namespace {

using stage::eventually;

const CommandAnswer outcome{
    .id = "c-1", .state = CommandState::succeeded, .ended = true, .status = 200, .text = R"({"outcome":"succeeded"})"};
constexpr const char* command = R"({"id":"c-1","device":"tasmota/kitchen","command":"power"})";

TEST_P(Source, HandsOnWhatItsPeerBrings) {
  peer.offers(command);
  start(std::chrono::hours(1), true);
  const std::optional<CommandMessage> message = acceptor.wait(0);
  ASSERT_TRUE(message);
  EXPECT_NE(message->text.find(command), std::string::npos) << message->text;
  EXPECT_TRUE(eventually([this] { return peer.acknowledged() > 0; }));
  EXPECT_TRUE(stop());
}

TEST_P(Source, AcknowledgesOnlyWhatIsDurable) {
  peer.offers(command);
  acceptor.hold(true);
  start(std::chrono::hours(1), true);
  ASSERT_TRUE(acceptor.wait_begun(1));
  EXPECT_EQ(peer.acknowledged(), 0);
  acceptor.hold(false);
  EXPECT_TRUE(eventually([this] { return peer.acknowledged() > 0; }));
  EXPECT_TRUE(stop());
}

TEST_P(Source, WhatCannotBeStoredComesAgain) {
  peer.offers(command);
  acceptor.fail(2);
  start(std::chrono::hours(1), true);
  EXPECT_TRUE(eventually([this] {
    EXPECT_TRUE(peer.acknowledged() == 0 || !acceptor.taken().empty());
    clock.shift(std::chrono::seconds(1));
    return !acceptor.taken().empty();
  }));
  EXPECT_TRUE(eventually([this] { return peer.acknowledged() > 0; }));
  EXPECT_TRUE(stop());
}

TEST_P(Source, StopsWhileNothingIsAnswered) {
  peer.stands(Door::mute);
  start(std::chrono::hours(1), true);
  EXPECT_TRUE(eventually([this] { return peer.connections() > 0; }));
  EXPECT_TRUE(stop());
}

TEST_P(Source, TellsWhereItCameFromHowItEnded) {
  peer.wants_outcomes();
  peer.offers(command);
  start(std::chrono::hours(1), true);
  const std::optional<CommandMessage> message = acceptor.wait(0);
  ASSERT_TRUE(message);
  ASSERT_EQ(!message->reply_to.empty(), GetParam().hears_outcomes);
  if (GetParam().hears_outcomes) {
    EXPECT_EQ(connector.source->answer(message->reply_to, outcome, stopper.get_token()).outcome, Outcome::accepted);
    ASSERT_EQ(peer.outcomes().size(), 1U);
    EXPECT_NE(peer.outcomes()[0].find(outcome.text), std::string::npos) << peer.outcomes()[0];
    peer.goes_away();
    EXPECT_EQ(connector.source->answer(message->reply_to, outcome, stopper.get_token()).outcome, Outcome::deferred);
    EXPECT_EQ(peer.outcomes().size(), 1U);
  }
  EXPECT_TRUE(stop());
}

TEST_P(Source, DeliversBesides) {
  peer.offers(command);
  start(std::chrono::hours(1), true);
  const auto all = records(5);
  EXPECT_EQ(drain(all), "aaaaa");
  EXPECT_TRUE(arrived(all));
  EXPECT_TRUE(acceptor.wait(0));
  EXPECT_TRUE(stop());
}

}  // namespace
}  // namespace sluice::contract
