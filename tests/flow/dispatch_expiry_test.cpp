// A command is never sent after its end, whatever the clock does.
#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

struct DispatchExpiry : testing::Test, RoadDown {
  void SetUp() override {
    open();
    know({"plug/a", "plug/b"});
  }
  /// Sends what may still be sent.
  Texts let_go() {
    sink.is_ready = true;
    step();
    return sink.payloads();
  }
};

TEST_F(DispatchExpiry, TheSoonestEndCounts) {
  sink.is_ready = false;
  CommandMessage brought = beep("by message");
  brought.expires_in = 20s;
  CommandMessage lay = beep("by age");
  lay.age = 30s;
  give(beep("by its own word", "plug/a", until(10s)));
  give(brought);
  give(lay);
  give(beep("by default"));
  give(beep("late", "plug/a", until(2h)));
  const std::vector<std::pair<Duration, std::string>> ends = {
      {10s, "by its own word"}, {20s, "by message"}, {30s, "by age"}, {60s, "by default"}, {2h, "late"}};
  Duration passed{0};
  for (const auto& [at, id] : ends) {
    pass(at - passed - 1s);
    EXPECT_EQ(state(id), "accepted for now");
    pass(1s);
    passed = at;
    EXPECT_EQ(state(id), "expired");
    EXPECT_EQ(kept(id).progress.status, 408);
    EXPECT_NE(reason(id).find("not connected to the local broker"), std::string::npos) << reason(id);
    EXPECT_EQ(outcomes(id), 1u);
  }
  EXPECT_EQ(let_go(), Texts{});
}

TEST_F(DispatchExpiry, TheBrokerIsToldHowLongIsLeft) {
  sink.is_ready = false;
  give(beep("1", "plug/a", until(30s)));
  clock.advance(12'500ms);
  EXPECT_EQ(let_go(), Texts{"1"});
  EXPECT_EQ(sink.published[0].expires_in, 17s) << "whole seconds, never more than there are";
}

TEST_F(DispatchExpiry, LessThanASecondIsTooLittle) {
  give(beep("1", "plug/a", until(999ms)));
  give(beep("2", "plug/b", until(1s)));
  step();
  EXPECT_EQ(sink.payloads(), Texts{"2"});
  EXPECT_EQ(state("1"), "expired");
}

TEST_F(DispatchExpiry, WhatExpiresWhileTheOneBeforeIsSentIsNotSent) {
  give(beep("1", "plug/a", until(10s)));
  give(beep("2", "plug/b", until(10s)));
  sink.on_publish = [&](const CommandPublish&) { clock.advance(10s); };
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
  EXPECT_EQ(state("2"), "expired");
  EXPECT_EQ(outcomes("2"), 1u);
}

TEST_F(DispatchExpiry, AClockThatJumpsOnlyMakesItExpireSooner) {
  sink.is_ready = false;
  give(beep("1", "plug/a", until(60s)));
  give(beep("2"));
  clock.jump(-1h);
  pass(59s);
  EXPECT_EQ(state("1"), "accepted for now");
  pass(1s);
  EXPECT_EQ(state("1"), "expired") << "although the calendar says there is an hour left";
  EXPECT_EQ(state("2"), "expired");
  give(beep("3", "plug/a", until(60s)));
  clock.jump(1h);
  step();
  EXPECT_EQ(state("3"), "expired");
  EXPECT_EQ(let_go(), Texts{});
}

TEST_F(DispatchExpiry, ItsTimeGoesOnWhileTheGatewayIsAway) {
  sink.is_ready = false;
  give(beep("1"));
  give(beep("2", "plug/b", until(90s)));
  clock.advance(70s);
  open_again();
  EXPECT_EQ(let_go(), Texts{"2"});
  EXPECT_EQ(sink.published[0].expires_in, 20s);
  EXPECT_EQ(state("1"), "expired");
}

TEST_F(DispatchExpiry, AClockSetBackWhileTheGatewayIsAwayGivesNoMoreTimeThanThereWas) {
  sink.is_ready = false;
  give(beep("1"));
  clock.jump(-1h);
  open_again();
  pass(60s);
  EXPECT_EQ(state("1"), "expired");
  EXPECT_EQ(let_go(), Texts{});
}

TEST_F(DispatchExpiry, WithoutAClockTheDefaultCountsFromAcceptance) {
  clock.set_synced(false);
  give(beep("1"));
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
  sink.is_ready = false;
  give(beep("2"));
  clock.jump(std::chrono::days(900));
  clock.set_synced(true);
  pass(58s);
  EXPECT_EQ(state("2"), "accepted for now") << "what the clock said before it was set means nothing";
  pass(2s);
  EXPECT_EQ(state("2"), "expired");
}

TEST_F(DispatchExpiry, WithoutAClockItsOwnEndWaitsForOne) {
  const std::string future = until(1h), past = until(5s);
  clock.set_synced(false);
  clock.jump(-std::chrono::days(900));
  give(beep("1", "plug/a", future));
  give(beep("2", "plug/b", past));
  pass(10s);
  EXPECT_TRUE(sink.published.empty());
  clock.jump(std::chrono::days(900));
  clock.set_synced(true);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
  EXPECT_EQ(state("2"), "expired");
}

TEST_F(DispatchExpiry, WithoutAClockForGoodItsOwnEndIsNotJudgedButExpired) {
  clock.set_synced(false);
  give(beep("1", "plug/a", until(1h)));
  pass(60s);
  EXPECT_EQ(state("1"), "expired");
  EXPECT_NE(reason("1").find("clock is not synced"), std::string::npos) << reason("1");
  EXPECT_TRUE(sink.published.empty());
}

TEST_F(DispatchExpiry, WhatCameWithoutAClockAndSaysNoEndIsNotSentByTheNextRun) {
  clock.set_synced(false);
  sink.is_ready = false;
  give(beep("1"));
  open_again();
  clock.set_synced(true);
  EXPECT_EQ(let_go(), Texts{});
  EXPECT_EQ(state("1"), "expired");
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchExpiry, TheNextRunWaitsForAClock) {
  sink.is_ready = false;
  give(beep("1", "plug/a", until(30s)));
  clock.set_synced(false);
  open_again();
  EXPECT_EQ(let_go(), Texts{});
  clock.advance(10s);
  clock.set_synced(true);
  EXPECT_EQ(let_go(), Texts{"1"});
  EXPECT_EQ(sink.published[0].expires_in, 20s);
}

TEST_F(DispatchExpiry, AnEndInAnotherAgeIsOne) {
  EXPECT_EQ(give(beep("1", "plug/a", R"(,"expires_at":"9999-12-31T23:59:59Z")")).status, 202);
  step();
  ASSERT_EQ(sink.payloads(), Texts{"1"});
  EXPECT_GT(sink.published[0].expires_in, std::chrono::days(365));
  EXPECT_LE(sink.published[0].expires_in.count(), 0xffff'ffff) << "four bytes (MQTT 5 section 3.3.2.3.3)";
  sink.is_ready = false;
  give(beep("2", "plug/a", R"(,"expires_at":"9999-12-31T23:59:59Z")"));
  open_again();
  EXPECT_EQ(let_go(), (Texts{"1", "2"}));
}

}  // namespace
}  // namespace sluice::flow
