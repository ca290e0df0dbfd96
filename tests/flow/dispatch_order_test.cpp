// Devices that are away, order, later ones that take the place of earlier ones, and what a cloud wants to be set.
#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

struct DispatchOrder : testing::Test, RoadDown {
  void SetUp() override {
    open();
    know({"plug/a", "plug/b"});
  }
  CommandMessage settings(const std::string& version, const std::string& text) {
    CommandMessage message;
    message.form = CommandMessage::Form::settings;
    message.id = version;
    message.text = text;
    return message;
  }
};

TEST_F(DispatchOrder, WhatIsForADeviceThatIsAwayWaitsForItInOrder) {
  know({"plug/a"}, false);
  give(beep("1"));
  give(beep("2"));
  give(beep("3", "plug/b"));
  pass(10s);
  EXPECT_EQ(sink.payloads(), Texts{"3"}) << "others do not wait";
  hear("plug/a", "on", true, "lwt");
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"3", "1", "2"}));
}

TEST_F(DispatchOrder, WhatIsForADeviceThatStaysAwayExpires) {
  hear("plug/a", "off", false, "lwt");
  step();
  give(beep("1"));
  pass(60s);
  EXPECT_EQ(state("1"), "expired");
  EXPECT_NE(reason("1").find("the device is offline"), std::string::npos);
  hear("plug/a", "on", false, "lwt");
  step();
  EXPECT_TRUE(sink.published.empty());
}

TEST_F(DispatchOrder, ADeviceThatWasAwayInTheLastRunHasAMomentToSayOtherwise) {
  know({"plug/a", "plug/b"}, false);
  open_again();
  give(beep("1"));
  give(beep("2", "plug/b"));
  step();
  EXPECT_TRUE(sink.published.empty());
  hear("plug/b", "off", true, "lwt");
  pass(5s);
  EXPECT_TRUE(sink.published.empty());
  pass(1s);
  EXPECT_EQ(sink.payloads(), Texts{"1"}) << "it says nothing: it may well be there";
  EXPECT_EQ(state("2"), "accepted for now");
}

TEST_F(DispatchOrder, TheMomentBeginsWhenTheBrokerIsThere) {
  know({"plug/a"}, false);
  open_again();
  sink.is_ready = false;
  give(beep("1"));
  pass(20s);
  sink.is_ready = true;
  step();
  EXPECT_TRUE(sink.published.empty());
  pass(6s);
  EXPECT_EQ(sink.payloads(), Texts{"1"});
}

TEST_F(DispatchOrder, PresenceThatTheSinkHearsIsStored) {
  hear("plug/new", "off", true, "lwt");
  step();
  open_again();
  EXPECT_TRUE(devices->known("plug/new"));
  EXPECT_EQ(devices->presence("plug/new"), Presence::was_offline);
}

TEST_F(DispatchOrder, ADeviceHasOneCommandUnderWay) {
  give(power("1"));
  give(beep("2"));
  give(beep("3", "plug/b"));
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "3"}));
  pass(2s);
  EXPECT_EQ(sink.published.size(), 2u);
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "3", "2"}));
}

TEST_F(DispatchOrder, AnAnswerThatDoesNotComeHoldsTheNextUpOnlySoLong) {
  give(power("1"));
  give(beep("2"));
  step();
  pass(4'999ms);
  EXPECT_EQ(sink.published.size(), 1u);
  pass(1ms);
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "2"}));
  EXPECT_EQ(state("1"), "unanswered");
}

TEST_F(DispatchOrder, ManyGoOutInOrder) {
  for (int i = 0; i < 130; ++i) give(beep(std::to_string(i), i % 2 == 0 ? "plug/a" : "plug/b"));
  step();
  Texts even, odd;
  for (const CommandPublish& each : sink.published) (each.topic == "plug/a/beep" ? even : odd).push_back(each.payload);
  ASSERT_EQ(even.size() + odd.size(), 130u);
  for (int i = 0; i < 65; ++i) EXPECT_EQ(even[static_cast<std::size_t>(i)], std::to_string(2 * i));
}

TEST_F(DispatchOrder, TheLatestOfAKindTakesThePlaceOfThoseThatWait) {
  know({"plug/a"}, false);
  for (int i = 1; i <= 3; ++i) give(level("a" + std::to_string(i), i));
  give(level("b1", 7, "plug/b"));
  give(beep("beep"));
  step();
  EXPECT_EQ(state("a1"), "expired");
  EXPECT_EQ(reason("a1"), "a later one took its place: a2");
  EXPECT_EQ(state("a2"), "expired");
  EXPECT_EQ(outcomes("a2"), 1u);
  hear("plug/a", "on", true, "lwt");
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"7", "3", "beep"}));
}

TEST_F(DispatchOrder, WithinOneListToo) {
  know({"plug/a", "plug/b"}, false);
  give(level("a1", 1));
  give(level("b1", 1, "plug/b"));
  CommandMessage list;
  list.form = CommandMessage::Form::commands;
  list.text = "[" + level("a2", 2).text + "," + level("b2", 2, "plug/b").text + "," + level("a3", 3).text + "]";
  accept(list);
  step();
  EXPECT_EQ(reason("a1"), "a later one took its place: a2");
  EXPECT_EQ(reason("b1"), "a later one took its place: b2");
  EXPECT_EQ(reason("a2"), "a later one took its place: a3");
  know({"plug/a", "plug/b"}, true);
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"2", "3"}));
}

TEST_F(DispatchOrder, ADeviceThatComesBackIsGivenTimeToListen) {
  know({"plug/a"}, false);
  give(level("1", 1));
  step();
  store::Batch back;
  Record& record = back.records.emplace_back();
  record.device = "plug/a";
  record.kind = RecordKind::presence;
  record.data = R"({"retained":false,"online":true})";
  devices->note(back.records);
  step();
  EXPECT_EQ(sink.payloads(), Texts{}) << "it says so before it subscribes";
  clock.advance(999ms);
  step();
  EXPECT_EQ(sink.payloads(), Texts{});
  clock.advance(1ms);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
}

TEST_F(DispatchOrder, WhatIsBeingSentIsNotReplaced) {
  give(level("1", 1));
  sink.on_publish = [&](const CommandPublish& publish) {
    if (publish.payload == "1") give(level("2", 2));
  };
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"1", "2"}));
  EXPECT_EQ(state("1"), "sent");
  EXPECT_EQ(state("2"), "sent");
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchOrder, WhatWaitsForItsReplyIsNotReplaced) {
  give(power("1"));
  step();
  give(power("2", "plug/a", "OFF"));
  step();
  EXPECT_EQ(state("1"), "sent for now");
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "OFF"}));
}

TEST_F(DispatchOrder, WhatWasReplacedButNotYetStoredSoIsToldAsUnderWay) {
  know({"plug/a"}, false);
  give(level("1", 1));
  give(level("2", 2));
  const CommandAnswer answer = give(level("1", 1));
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.state, CommandState::accepted);
  EXPECT_NE(answer.text.find(R"("outcome":"accepted")"), std::string::npos) << answer.text;
  EXPECT_EQ(answer.reason, "");
}

TEST_F(DispatchOrder, WhatTogglesReplacesNothing) {
  know({"plug/a"}, false);
  give(power("1", "plug/a", "OFF"));
  give(power("2", "plug/a", "ON"));
  give(power("3", "plug/a", "TOGGLE"));
  give(power("4", "plug/a", "TOGGLE"));
  step();
  know({"plug/a"}, true);
  for (int i = 0; i < 4; ++i) pass(5s);
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "TOGGLE", "TOGGLE"}));
  EXPECT_EQ(reason("1"), "a later one took its place: 2");
}

TEST_F(DispatchOrder, TheSameSettingAgainIsNoCommand) {
  const std::string low = R"({"plug/a":{"level":{"value":10}},"$version":3})";
  EXPECT_EQ(accept(settings("3", low)).size(), 1u);
  step();
  EXPECT_EQ(accept(settings("3", low)).size(), 0u) << "as at each connection";
  EXPECT_EQ(accept(settings("4", low)).size(), 0u) << "something else has changed";
  kill();
  EXPECT_EQ(accept(settings("4", low)).size(), 0u);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"10"});
  const Answers changed = accept(settings("5", R"({"plug/a":{"level":{"value":20}},"plug/b":{"level":{"value":10}}})"));
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_NE(changed[0].id.find("twin-5-"), std::string::npos);
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"10", "20", "10"}));
  EXPECT_EQ(accept(settings("6", low)).size(), 1u) << "back again";
  step();
  EXPECT_EQ(sink.payloads().back(), "10");
}

TEST_F(DispatchOrder, OfTwoVersionsThatWaitTheLaterCounts) {
  know({"plug/a"}, false);
  accept(settings("1", R"({"plug/a":{"level":{"value":10}}})"));
  accept(settings("2", R"({"plug/a":{"level":{"value":20}}})"));
  step();
  know({"plug/a"}, true);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"20"});
}

TEST_F(DispatchOrder, ASettingThatCouldNotBeStoredIsNoneYet) {
  const CommandMessage message = settings("1", R"({"plug/a":{"level":{"value":10}}})");
  {
    const FullDisk full;
    EXPECT_FALSE(dispatch->accept("cloud", message));
  }
  EXPECT_EQ(accept(message).size(), 1u);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"10"});
}

TEST_F(DispatchOrder, WhatHappensOnceIsNoSetting) {
  const Answers answers = accept(settings("1", R"({"plug/a":{"beep":{"n":"1"}}})"));
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, 400);
  EXPECT_NE(answers[0].reason.find("send it as a command"), std::string::npos);
  step();
  EXPECT_TRUE(sink.published.empty());
}

}  // namespace
}  // namespace sluice::flow
