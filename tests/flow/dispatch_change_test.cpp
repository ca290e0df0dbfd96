// Other rules while commands are on their way.
#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

struct DispatchChange : testing::Test, RoadDown {
  void SetUp() override {
    open();
    know({"plug/a", "plug/b"});
  }
  /// What the plug's file says, with one text in it replaced.
  static std::string plug_with(const std::string& before, const std::string& after) {
    std::string text = plug_schema;
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + after.size()))
      text.replace(at, before.size(), after);
    return text;
  }
  void change() { dispatch->change(rulebook()); }
};

TEST_F(DispatchChange, WhatIsNewlyAllowedGoesOut) {
  allow.clear();
  change();
  EXPECT_EQ(give(beep("1")).status, 403);
  allow = {{{"cloud"}, "plug/a", {"beep"}, {}}};
  change();
  EXPECT_EQ(give(beep("2")).status, 202);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"2"});
}

TEST_F(DispatchChange, OneThatWaitsIsNotSentOnceItIsNotAllowedAnyMore) {
  sink.is_ready = false;
  give(beep("1"));
  give(beep("2", "plug/b"));
  allow[0].device = "plug/b";
  change();
  sink.is_ready = true;
  step();
  EXPECT_EQ(sink.payloads(), Texts{"2"});
  EXPECT_EQ(state("1"), "rejected");
  EXPECT_EQ(kept("1").progress.status, 403);
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchChange, OneThatWaitsIsSentByTheNewSchema) {
  sink.is_ready = false;
  give(power("1"));
  read_schemas(plug_with("plug/{device}/set", "plug/{device}/switch"));
  change();
  sink.is_ready = true;
  step();
  ASSERT_EQ(sink.published.size(), 1u);
  EXPECT_EQ(sink.published[0].topic, "plug/a/switch");
}

TEST_F(DispatchChange, OneThatIsSentKeepsTheRulesOfItsReply) {
  give(power("1"));
  step();
  read_schemas(plug_with("result", "answer"));
  change();
  give(power("2", "plug/b"));
  step();
  hear("plug/a", R"({"POWER":"ON"})");
  hear("plug/b", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(state("2"), "sent for now");
  hear("plug/b", R"({"POWER":"ON"})", false, "answer");
  step();
  EXPECT_EQ(state("2"), "succeeded");
}

TEST_F(DispatchChange, OneThatIsSentIsNeverSentAgain) {
  give(power("1"));
  step();
  allow.clear();
  change();
  step();
  EXPECT_EQ(sink.published.size(), 1u);
  pass(6s);
  EXPECT_EQ(state("1"), "unanswered");
}

TEST_F(DispatchChange, PresenceIsReadByTheNewSchema) {
  read_schemas(plug_with("online: \"on\", offline: \"off\"", "online: here, offline: gone"));
  change();
  hear("plug/a", "gone", true, "lwt");
  step();
  EXPECT_EQ(devices->presence("plug/a"), Presence::offline);
}

TEST_F(DispatchChange, ChangesComeWhileCommandsDo) {
  std::atomic<bool> done = false;
  std::thread changes([&] {
    while (!done) change();
  });
  for (int i = 0; i < 100; ++i) {
    give(beep(std::to_string(i)));
    step();
  }
  done = true;
  changes.join();
  EXPECT_EQ(sink.published.size(), 100u);
}

}  // namespace
}  // namespace sluice::flow
