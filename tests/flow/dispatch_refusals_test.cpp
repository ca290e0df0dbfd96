// What is not done: each refusal is told, kept once, and nothing leaves.
#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

struct Refused {
  const char* about;
  CommandMessage message;
  int status;
  CommandState state;
  const char* reason;  ///< a part of it
};

struct DispatchRefusals : testing::Test, RoadDown {
  void SetUp() override {
    allow.push_back({{"cloud"}, "any/broker", {"publish"}, {"home/+/set"}});
    open();
    know({"plug/a", "plug/b"});
  }
  CommandMessage with(CommandMessage message, const std::function<void(CommandMessage&)>& change) {
    change(message);
    return message;
  }
  std::vector<Refused> table();
};

std::vector<Refused> DispatchRefusals::table() {
  constexpr auto rejected = CommandState::rejected, expired = CommandState::expired;
  return {
      {"not allowed here", beep("1", "relay/a"), 404, rejected, "relay"},
      {"unknown command", one("1", "plug/a", "beeep", "{}"), 404, rejected, "beep"},
      {"unknown device", beep("1", "plug/unheard"), 404, rejected, "nothing was ever heard of plug/unheard"},
      {"a pattern is no device", beep("1", "plug/*"), 404, rejected, "nothing was ever heard of plug/*"},
      {"a wildcard", beep("1", "plug/+"), 400, rejected, "wildcard"},
      {"no such parameter", one("1", "plug/a", "beep", R"({"m":"1"})"), 400, rejected, "params.m"},
      {"wrong parameter", power("1", "plug/a", "UP"), 400, rejected, "params.state"},
      {"missing parameter", one("1", "plug/a", "power", "{}"), 400, rejected, "params.state"},
      {"must be named", one("1", "plug/a", "reset", "{}"), 403, rejected, "* does not do"},
      {"another topic", one("1", "any/broker", "publish", R"({"topic":"home/x/y","payload":"1"})"), 403, rejected,
       "topics"},
      {"too large", one("1", "plug/a", "beep", "{\"n\":\"" + std::string(70'000, 'x') + "\"}"), 413, rejected,
       "larger than"},
      {"no time", beep("1", "plug/a", R"(,"expires_at":"tomorrow")"), 400, rejected, "expires_at"},
      {"expired by its own word", beep("1", "plug/a", until(-1s)), 408, expired, "it came after its end"},
      {"expired long ago", beep("1", "plug/a", R"(,"expires_at":"0001-01-01T00:00:00Z")"), 408, expired, "0001"},
      {"expired by its message", with(beep("1"), [](CommandMessage& m) { m.expires_in = Duration(0); }), 408, expired,
       "message expiry"},
      {"expired by its age", with(beep("1"), [](CommandMessage& m) { m.age = 60s; }), 408, expired,
       "while the gateway was away (60 s)"},
      {"the sooner end counts",
       with(beep("1", "plug/a", until(1h)), [](CommandMessage& m) { m.expires_in = Duration(0); }), 408, expired, ""},
      {"retained", with(beep("1"), [](CommandMessage& m) { m.retained = true; }), 400, rejected, "retain"},
  };
}

TEST_F(DispatchRefusals, EachIsToldKeptOnceAndNothingLeaves) {
  std::size_t count = 0;
  for (Refused& each : table()) {
    SCOPED_TRACE(each.about);
    const std::string id = "id-" + std::to_string(++count);
    each.message.text.replace(each.message.text.find("\"1\""), 3, "\"" + id + "\"");
    each.message.reply_to = id;
    const CommandAnswer answer = give(each.message);
    EXPECT_EQ(answer.id, id);
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.status, each.status);
    EXPECT_EQ(answer.state, each.state);
    EXPECT_NE(answer.reason.find(each.reason), std::string::npos) << answer.reason;
    step();
    EXPECT_EQ(give(each.message).status, each.status) << "the same again";
    EXPECT_EQ(outcomes(id), 1u);
    ASSERT_FALSE(owed().empty());
    EXPECT_EQ(owed().back().command->progress.status, each.status);
    EXPECT_TRUE(log.contains("(" + id + "): " + std::string(name_of(each.state)))) << "an audit line";
  }
  step();
  EXPECT_TRUE(sink.published.empty());
  EXPECT_EQ(owed().size(), count) << "owed once each";
}

TEST_F(DispatchRefusals, WhoIsNotListedMayNothing) {
  EXPECT_EQ(give(beep("1"), "stranger").status, 403);
  EXPECT_NE(reason("1").find("'stranger' may not send 'beep' to plug/a"), std::string::npos);
  EXPECT_EQ(give(one("2", "any/broker", "publish", R"({"topic":"home/x/set","payload":"1"})"), "api").status, 403);
  step();
  EXPECT_TRUE(sink.published.empty());
}

TEST_F(DispatchRefusals, WhoMayNothingLearnsNothing) {
  EXPECT_EQ(give(beep("1", "plug/unheard"), "stranger").status, 403) << "nor which devices there are";
  EXPECT_EQ(give(power("2", "plug/a", "UP"), "stranger").status, 403) << "nor what they take";
}

TEST_F(DispatchRefusals, WhatIsNamedWithItsTopicsGoes) {
  EXPECT_EQ(give(one("1", "any/broker", "publish", R"({"topic":"home/x/set","payload":"1"})")).status, 202);
  step();
  ASSERT_EQ(sink.published.size(), 1u);
  EXPECT_EQ(sink.published[0].topic, "home/x/set");
}

TEST_F(DispatchRefusals, WhatCannotBeReadIsToldWhereThatWasAskedFor) {
  const std::string broken[] = {"{", "[]", "", R"({"device":"plug/a","command":"beep"})",
                                R"({"id":"x","command":"y"})"};
  for (const std::string& text : broken) {
    SCOPED_TRACE(text);
    CommandMessage message;
    message.text = text;
    message.reply_to = "there";
    const CommandAnswer answer = give(message);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.state, CommandState::rejected);
    EXPECT_EQ(owed().back().text, answer.text);
    EXPECT_EQ(owed().back().status, 400);
  }
  EXPECT_EQ(owed().size(), std::size(broken));
  step();
  EXPECT_TRUE(sink.published.empty());
}

TEST_F(DispatchRefusals, OneNoticeInTenSecondsTellsHowManyCouldNotBeRead) {
  CommandMessage message;
  message.text = "{";
  for (int i = 0; i < 5; ++i) give(message);
  EXPECT_EQ(records(RecordKind::notice).size(), 1u);
  clock.advance(9s);
  give(message);
  EXPECT_EQ(records(RecordKind::notice).size(), 1u);
  clock.advance(1s);
  give(message);
  const auto notices = records(RecordKind::notice);
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_NE(notices[1].data.find("\"records\":6"), std::string::npos) << notices[1].data;
  EXPECT_NE(notices[1].data.find("\"cloud\":\"cloud\""), std::string::npos);
}

TEST_F(DispatchRefusals, ANoticeThatCouldNotBeStoredIsToldNextTime) {
  CommandMessage message;
  message.text = "{";
  {
    const FullDisk full;
    EXPECT_FALSE(dispatch->accept("cloud", message));
  }
  give(message);
  EXPECT_EQ(records(RecordKind::notice).size(), 1u);
}

TEST_F(DispatchRefusals, TheBadOnesOfAListDoNotSpoilTheGood) {
  CommandMessage list;
  list.form = CommandMessage::Form::commands;
  list.text = R"({"commands":[)" + beep("1").text + R"(,7,{"id":"2"},)" + beep("3", "plug/unheard").text + "," +
              beep("4", "plug/b").text + "]}";
  std::vector<int> statuses;
  for (const CommandAnswer& answer : accept(list)) statuses.push_back(answer.status);
  EXPECT_EQ(statuses, (std::vector<int>{202, 400, 400, 404, 202}));
  step();
  EXPECT_EQ(sink.payloads(), (std::vector<std::string>{"1", "4"}));
  EXPECT_EQ(outcomes("3"), 1u);
}

TEST_F(DispatchRefusals, APermissionThatIsTakenAwayCountsForWhatWaits) {
  sink.is_ready = false;
  give(beep("1"));
  give(beep("2", "plug/b"));
  allow = {{{"cloud"}, "plug/b", {"beep"}, {}}};
  open_again();
  sink.is_ready = true;
  step();
  EXPECT_EQ(sink.payloads(), std::vector<std::string>{"2"});
  EXPECT_EQ(state("1"), "rejected");
  EXPECT_EQ(kept("1").progress.status, 403);
  EXPECT_EQ(outcomes("1"), 1u);
}

TEST_F(DispatchRefusals, AFloodOfRefusedOnesLeavesFewOutcomes) {
  const auto before = store->snapshot().stored;
  const auto stored = [&] { return store->snapshot().stored - before; };
  for (int i = 0; i < 1000; ++i) accept(beep("flood" + std::to_string(i), "plug/nobody"));
  step();
  EXPECT_EQ(stored(), 200u) << "and no more, so that nothing else is pushed out of the buffer";
  clock.advance(10s);
  for (int i = 0; i < 100; ++i) accept(beep("later" + std::to_string(i), "plug/nobody"));
  EXPECT_EQ(stored(), 200u + 10 + 1) << "one a second, and a notice of what was left out";
  EXPECT_EQ(store->snapshot().commands.rejected, 1100u) << "each is counted, and kept";
}

TEST_F(DispatchRefusals, AnIdIsOneCommandWhateverBringsIt) {
  accept(beep("1"));
  const Answers other = accept(beep("1", "plug/b"));
  ASSERT_EQ(other.size(), 1u);
  EXPECT_EQ(other[0].status, 422);
  EXPECT_NE(other[0].reason.find("another command"), std::string::npos);
}

}  // namespace
}  // namespace sluice::flow
