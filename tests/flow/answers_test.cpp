// How a cloud learns how its commands ended.
#include "gateway/flow/answers.h"

#include <functional>
#include <map>

#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

/// A cloud that takes answers as the test says: by the place it is told at, else it takes them.
struct ScriptedSource final : CommandSource {
  void open(CommandAcceptor&) override {}
  Verdict answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token) override {
    asked.push_back(reply_to);
    if (on_answer) on_answer();
    const auto found = verdicts.find(reply_to);
    const Verdict verdict = found != verdicts.end() ? found->second : Verdict::accept();
    if (verdict.outcome == Outcome::accepted) told.push_back(answer);
    return verdict;
  }
  std::map<std::string, Verdict> verdicts;
  std::function<void()> on_answer;
  Texts asked;
  std::vector<CommandAnswer> told;
};

struct AnswersTest : testing::Test, RoadDown {
  void SetUp() override {
    open();
    know({"plug/a"});
    begin();
  }
  void begin() { answers = std::make_unique<flow::Answers>("cloud", *store, source, clock, log); }
  /// A command that has ended, asked for at `id`.
  void command(const std::string& id) {
    CommandMessage message = beep(id);
    message.reply_to = id;
    give(message);
    step();
  }
  Duration tell() { return answers->step({}); }
  Texts asked_now() {
    source.asked.clear();
    tell();
    return source.asked;
  }

  ScriptedSource source;
  std::unique_ptr<flow::Answers> answers;
};

TEST_F(AnswersTest, TellsEachEndOnce) {
  CommandMessage message = power("1");
  message.reply_to = "there";
  give(message);
  step();
  EXPECT_EQ(asked_now(), Texts()) << "it has not ended";
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(asked_now(), Texts{"there"});
  ASSERT_EQ(source.told.size(), 1u);
  EXPECT_EQ(source.told[0].id, "1");
  EXPECT_EQ(source.told[0].state, CommandState::succeeded);
  EXPECT_TRUE(source.told[0].ended);
  EXPECT_EQ(source.told[0].status, 200);
  EXPECT_NE(source.told[0].text.find(R"("outcome":"succeeded")"), std::string::npos);
  EXPECT_EQ(asked_now(), Texts());
  EXPECT_TRUE(owed().empty());
}

TEST_F(AnswersTest, TellsOfWhatCouldNotBeRead) {
  CommandMessage message;
  message.text = "{";
  message.reply_to = "there";
  const CommandAnswer refused = give(message);
  tell();
  ASSERT_EQ(source.told.size(), 1u);
  EXPECT_EQ(source.told[0].text, refused.text);
  EXPECT_EQ(source.told[0].status, 400);
  EXPECT_EQ(source.told[0].state, CommandState::rejected);
  EXPECT_TRUE(source.told[0].ended);
}

TEST_F(AnswersTest, TellsOnlyItsOwnCloud) {
  CommandMessage message = beep("1");
  message.reply_to = "there";
  give(message, "api");
  step();
  EXPECT_EQ(asked_now(), Texts());
}

TEST_F(AnswersTest, WhatIsPutOffIsTriedLaterAndLater) {
  command("1");
  source.verdicts["1"] = Verdict::defer("busy");
  EXPECT_EQ(asked_now(), Texts{"1"});
  EXPECT_EQ(asked_now(), Texts());
  for (int i = 0; i < 8; ++i) {
    const Duration rest = answers->step({});
    EXPECT_GE(rest, std::min(500ms * (1 << i), Duration(30s))) << i;
    EXPECT_LE(rest, std::min(1000ms * (1 << i), Duration(60s))) << i;
    clock.advance(rest - 1ms);
    EXPECT_EQ(asked_now(), Texts()) << i;
    clock.advance(1ms);
    EXPECT_EQ(asked_now(), Texts{"1"}) << i;
  }
  source.verdicts.clear();
  clock.advance(60s);
  EXPECT_EQ(asked_now(), Texts{"1"});
  EXPECT_EQ(source.told.size(), 1u);
  EXPECT_TRUE(owed().empty());
}

TEST_F(AnswersTest, ACloudsOwnWishAndAPauseAreObeyed) {
  command("1");
  source.verdicts["1"] = Verdict::defer("busy", 20s);
  EXPECT_EQ(tell(), 20s);
  clock.advance(20s);
  source.verdicts["1"] = Verdict::pause("wrong key");
  EXPECT_GE(tell(), 60s);
}

TEST_F(AnswersTest, OneThatIsPutOffDoesNotHoldUpOthers) {
  for (const char* id : {"1", "2", "3"}) command(id);
  source.verdicts["2"] = Verdict::defer("busy");
  EXPECT_EQ(asked_now(), (Texts{"1", "2", "3"}));
  EXPECT_EQ(source.told.size(), 2u);
  command("4");
  EXPECT_EQ(asked_now(), Texts{"4"});
  ASSERT_EQ(owed().size(), 1u);
  EXPECT_EQ(owed()[0].id, "2");
}

TEST_F(AnswersTest, WhatIsNeverTakenIsLoggedAndDone) {
  command("1");
  source.verdicts["1"] = Verdict::reject("no such topic");
  tell();
  EXPECT_TRUE(log.contains("cloud does not take the outcome of command '1': no such topic"));
  EXPECT_EQ(asked_now(), Texts());
  EXPECT_TRUE(owed().empty());
}

TEST_F(AnswersTest, WhatWasToldAndNotStoredAsToldIsToldAgain) {
  command("1");
  {
    std::unique_ptr<FullDisk> full;
    source.on_answer = [&] { full = std::make_unique<FullDisk>(); };
    EXPECT_EQ(tell(), 1s);
    source.on_answer = nullptr;
  }
  kill();
  begin();
  EXPECT_EQ(asked_now(), Texts{"1"});
  kill();
  begin();
  EXPECT_EQ(asked_now(), Texts());
}

TEST_F(AnswersTest, ManyAreToldInOrder) {
  for (int i = 0; i < 450; ++i) {
    CommandMessage message = beep("id" + std::to_string(i));
    message.reply_to = std::to_string(i);
    give(message);
  }
  step();
  for (int i = 0; i < 3; ++i) tell();
  ASSERT_EQ(source.asked.size(), 450u);
  EXPECT_EQ(source.asked.front(), "0");
  EXPECT_EQ(source.asked.back(), "449");
}

TEST_F(AnswersTest, StopsWhenAsked) {
  command("1");
  command("2");
  std::stop_source stop;
  source.on_answer = [&] { stop.request_stop(); };
  source.verdicts["1"] = Verdict::defer("stopped");
  answers->step(stop.get_token());
  EXPECT_EQ(source.asked, Texts{"1"});
  EXPECT_EQ(owed().size(), 2u);
}

}  // namespace
}  // namespace sluice::flow
