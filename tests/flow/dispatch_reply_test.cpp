// What counts as a device's answer, and what does not.
#include <algorithm>

#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

constexpr const char* on = R"({"POWER":"ON"})";
constexpr const char* off = R"({"POWER":"OFF"})";

struct DispatchReply : testing::Test, RoadDown {
  void SetUp() override {
    rules.groups = {{"plug/all", {"plug/a", "plug/b"}}};
    allow.push_back({{"cloud"}, "plug/all", {"power"}, {}});
    allow.push_back({{"cloud"}, "plug/some", {"power"}, {}});
    open();
    know({"plug/a", "plug/b", "plug/c"});
  }
  std::string after(const std::string& device, const std::string& payload, bool retained = false) {
    hear(device, payload, retained);
    step();
    return state("1");
  }
};

TEST_F(DispatchReply, OnlyTheDevicesOwnFreshAndFittingAnswerCounts) {
  hear("plug/a", on);
  give(power("1"));
  step();
  EXPECT_EQ(state("1"), "sent for now") << "what was heard before it was sent is no answer";
  EXPECT_EQ(after("plug/a", off), "sent for now") << "somebody pressed the button";
  EXPECT_EQ(after("plug/b", on), "sent for now") << "another's";
  EXPECT_EQ(after("plug/a", on, true), "sent for now") << "kept by the broker from before";
  EXPECT_EQ(after("plug/a", R"({"OTHER":1})"), "sent for now");
  EXPECT_EQ(after("plug/a", "nonsense"), "sent for now");
  EXPECT_EQ(after("plug/a", on), "succeeded");
  EXPECT_EQ(after("plug/a", off), "succeeded");
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchReply, AnAnswerMayComeBeforeTheBrokersAcknowledgement) {
  sink.on_publish = [&](const CommandPublish&) { hear("plug/a", on); };
  give(power("1"));
  step();
  EXPECT_EQ(state("1"), "succeeded");
}

TEST_F(DispatchReply, WhatIsHeardWhileAnotherIsSentIsNoAnswerToTheNext) {
  give(beep("0", "plug/b"));
  give(power("1"));
  sink.on_publish = [&](const CommandPublish& publish) {
    if (publish.payload == "0") hear("plug/a", on);
  };
  step();
  ASSERT_EQ(sink.payloads(), (std::vector<std::string>{"0", "ON"}));
  EXPECT_EQ(state("1"), "sent for now");
}

TEST_F(DispatchReply, TheFirstAnswerCounts) {
  give(power("1"));
  step();
  hear("plug/a", on);
  hear("plug/a", R"({"ERROR":"too late"})");
  step();
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(kept("1").progress.reply.find("too late"), std::string::npos);
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchReply, ADeviceMayRefuse) {
  give(power("1"));
  step();
  EXPECT_EQ(after("plug/a", R"({"ERROR":"overheated"})"), "failed");
  EXPECT_EQ(kept("1").progress.status, 502);
  EXPECT_NE(kept("1").progress.reply.find("overheated"), std::string::npos);
}

TEST_F(DispatchReply, OneThatComesTooLateIsNone) {
  give(power("1"));
  step();
  pass(5s);
  EXPECT_EQ(state("1"), "unanswered");
  EXPECT_EQ(after("plug/a", on), "unanswered");
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchReply, AnAnswerInTimeCountsAlthoughTheClockIsLookedAtLater) {
  give(power("1"));
  step();
  hear("plug/a", on);
  pass(5s);
  EXPECT_EQ(state("1"), "succeeded");
}

TEST_F(DispatchReply, OfAGroupEveryMemberMustAnswer) {
  give(power("1", "plug/all"));
  step();
  EXPECT_EQ(after("plug/a", on), "sent for now");
  EXPECT_EQ(after("plug/a", on), "sent for now") << "twice the same";
  EXPECT_EQ(after("plug/c", on), "sent for now") << "no member";
  EXPECT_EQ(after("plug/b", on), "succeeded");
  EXPECT_EQ(kept("1").progress.from, R"(["plug/a","plug/b"])");
  EXPECT_NE(records(RecordKind::outcome).at(0).data.find(R"("answered_by":["plug/a","plug/b"])"), std::string::npos);
}

TEST_F(DispatchReply, OfAGroupItIsToldHowManyAnswered) {
  give(power("1", "plug/all"));
  step();
  hear("plug/b", on);
  pass(5s);
  EXPECT_EQ(state("1"), "unanswered");
  EXPECT_EQ(reason("1"), "1 of 2 answered");
  EXPECT_EQ(kept("1").progress.from, R"(["plug/b"])");
}

TEST_F(DispatchReply, OfAGroupOneRefusalIsARefusal) {
  give(power("1", "plug/all"));
  step();
  hear("plug/a", on);
  EXPECT_EQ(after("plug/b", R"({"ERROR":"x"})"), "failed");
  EXPECT_EQ(reason("1"), "plug/b refused it");
}

TEST_F(DispatchReply, OfAGroupWithoutMembersWhoeverAnswersIsListed) {
  give(power("1", "plug/some"));
  step();
  EXPECT_EQ(after("plug/c", on), "sent for now");
  EXPECT_EQ(after("plug/a", on), "sent for now");
  pass(5s);
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(kept("1").progress.from, R"(["plug/c","plug/a"])");
}

TEST_F(DispatchReply, OfAGroupWithoutMembersNobodyMayAnswer) {
  give(power("1", "plug/some"));
  step();
  pass(5s);
  EXPECT_EQ(state("1"), "unanswered");
}

TEST_F(DispatchReply, MoreThanCanBeListenedToIsToldAndDoesNoHarm) {
  give(power("1"));
  give(power("2", "plug/b"));
  step();
  hear("plug/a", on);
  for (int i = 0; i < 3000; ++i) hear("plug/c", "{}");
  hear("plug/b", on);
  const auto told = [&] {
    const auto lines = log.lines();
    return std::count_if(lines.begin(), lines.end(),
                         [](const std::string& line) { return line.find("listened to") != std::string::npos; });
  };
  EXPECT_EQ(told(), 1);
  step();
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(state("2"), "sent for now") << "that was too much";
  hear("plug/b", on);
  step();
  EXPECT_EQ(state("2"), "succeeded");
}

TEST_F(DispatchReply, WhatIsListenedToIsBoundedInBytes) {
  give(power("1"));
  step();
  const std::string large = R"({"POWER":"OFF","x":")" + std::string(1 << 20, 'x') + "\"}";
  for (int i = 0; i < 9; ++i) hear("plug/c", large);
  EXPECT_TRUE(log.contains("listened to"));
}

TEST_F(DispatchReply, ItListensOnlyWhereSomethingAllowedAnswers) {
  const auto filters = [&](std::vector<Allow> entries) {
    allow = std::move(entries);
    return rulebook()->filters;
  };
  EXPECT_EQ(filters({}), std::vector<std::string>());
  EXPECT_EQ(filters({{{"cloud"}, "plug/a", {"beep"}, {}}}), std::vector<std::string>{"plug/+/lwt"});
  EXPECT_EQ(filters({{{"cloud"}, "plug/a", {"power"}, {}}}), (std::vector<std::string>{"plug/+/lwt", "plug/+/result"}));
  EXPECT_EQ(filters({{{"cloud"}, "*", {"*"}, {}}}), (std::vector<std::string>{"plug/+/lwt", "plug/+/result"}));
  EXPECT_EQ(filters({{{"cloud"}, "other/*", {"*"}, {}}}), std::vector<std::string>());
}

}  // namespace
}  // namespace sluice::flow
