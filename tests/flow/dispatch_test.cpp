// Commands on their way: at most once, whatever fails, ends or repeats.
#include "tests/flow/road_down.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

struct DispatchTest : testing::Test, RoadDown {
  void SetUp() override {
    open();
    know({"plug/a", "plug/b"});
  }
};

TEST_F(DispatchTest, ACommandIsStoredSentAnsweredAndReported) {
  CommandMessage message = power("1");
  message.reply_to = "there";
  const CommandAnswer answer = give(message);
  EXPECT_EQ(answer.status, 202);
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(state("1"), "accepted for now");
  step();
  ASSERT_EQ(sink.payloads(), Texts{"ON"});
  EXPECT_EQ(sink.published[0].topic, "plug/a/set");
  EXPECT_EQ(sink.published[0].expires_in, 60s);
  EXPECT_EQ(state("1"), "sent for now");
  EXPECT_TRUE(owed().empty());
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(state("1"), "succeeded");
  EXPECT_EQ(outcomes("1"), 1u);
  ASSERT_EQ(owed().size(), 1u);
  EXPECT_EQ(owed()[0].reply_to, "there");
  EXPECT_EQ(owed()[0].command->progress.status, 200);
  const Record outcome = records(RecordKind::outcome).at(0);
  EXPECT_EQ(outcome.device, "plug/a");
  EXPECT_NE(outcome.data.find(R"("reply":{"power":{"value":"ON"}})"), std::string::npos) << outcome.data;
  EXPECT_TRUE(log.contains("cloud: power to plug/a (1): succeeded"));
}

TEST_F(DispatchTest, TheIntentIsStoredBeforeThePublishLeaves) {
  std::string seen;
  sink.on_publish = [&](const CommandPublish&) { seen = state("1"); };
  give(power("1"));
  step();
  EXPECT_EQ(seen, "sent for now");
}

TEST_F(DispatchTest, WhatCannotBeStoredIsNotSent) {
  give(power("1"));
  {
    const FullDisk full;
    step();
    EXPECT_TRUE(sink.published.empty());
  }
  step();
  EXPECT_EQ(sink.payloads(), Texts{"ON"});
}

TEST_F(DispatchTest, WhatCannotBeStoredIsNotTaken) {
  {
    const FullDisk full;
    const auto answers = dispatch->accept("cloud", power("1"));
    ASSERT_FALSE(answers);
    EXPECT_EQ(answers.error().kind, ErrorKind::storage);
    step();
  }
  step();
  EXPECT_TRUE(sink.published.empty());
  EXPECT_FALSE(dispatch->look("1", Duration(0)));
  EXPECT_EQ(give(power("1")).status, 202) << "when it comes again it is new";
  step();
  EXPECT_EQ(sink.payloads(), Texts{"ON"});
  EXPECT_EQ(kept("1").number, 1);
}

TEST_F(DispatchTest, AnEndThatCannotBeStoredIsStoredLaterAndOnce) {
  give(beep("1"));
  std::unique_ptr<FullDisk> full;
  sink.on_publish = [&](const CommandPublish&) { full = std::make_unique<FullDisk>(); };
  step();
  EXPECT_EQ(state("1"), "sent for now");
  EXPECT_FALSE(dispatch->look("1", Duration(0))->ended) << "it is told when it is stored";
  full.reset();
  step();
  step();
  EXPECT_EQ(state("1"), "sent");
  EXPECT_EQ(outcomes("1"), 1u);
  EXPECT_EQ(sink.published.size(), 1u);
}

TEST_F(DispatchTest, AKilledGatewayNeverSendsAgainWhatItMayHaveSent) {
  give(power("1"));
  step();
  ASSERT_EQ(sink.published.size(), 1u);
  kill();
  step();
  EXPECT_EQ(state("1"), "unanswered");
  EXPECT_EQ(kept("1").progress.status, 504);
  EXPECT_EQ(outcomes("1"), 1u);
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  kill();
  step();
  EXPECT_EQ(outcomes("1"), 1u);
  EXPECT_EQ(sink.published.size(), 1u);
}

TEST_F(DispatchTest, AKilledGatewayStillSendsWhatItHadOnlyTaken) {
  sink.is_ready = false;
  give(power("1"));
  give(beep("2", "plug/b"));
  step();
  kill();
  sink.is_ready = true;
  step();
  kill();
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"ON", "2"}));
  EXPECT_EQ(state("1"), "unanswered");
  EXPECT_EQ(state("2"), "sent");
}

TEST_F(DispatchTest, ARepeatIsTheSameCommandWhateverBringsIt) {
  CommandMessage message = beep("1");
  message.reply_to = "first";
  give(message);
  message.reply_to = "second";
  EXPECT_EQ(give(message).status, 202) << "while it waits";
  EXPECT_EQ(give(beep("1"), "api").status, 202);
  step();
  EXPECT_EQ(give(beep("1"), "api").status, 200) << "after its end";
  message.reply_to = "third";
  EXPECT_EQ(give(message).state, CommandState::sent);
  open_again();
  EXPECT_EQ(give(message).status, 200) << "after a restart";
  step();
  kill();
  EXPECT_EQ(give(beep("1"), "api").status, 200) << "after a crash";
  step();
  EXPECT_EQ(sink.published.size(), 1u);
  EXPECT_EQ(outcomes("1"), 1u);
  Texts asked;
  for (const store::OwedAnswer& each : owed()) asked.push_back(each.reply_to);
  EXPECT_EQ(asked, (Texts{"first", "second", "third"}));
}

TEST_F(DispatchTest, ARepeatWithinOneListIsOneCommand) {
  CommandMessage list;
  list.form = CommandMessage::Form::commands;
  list.text = "[" + beep("1").text + "," + beep("1").text + "]";
  EXPECT_EQ(accept(list).size(), 2u);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
}

TEST_F(DispatchTest, AnIdThatWasGivenToAnotherCommandByHandIsRefused) {
  CommandMessage message;
  message.form = CommandMessage::Form::params;
  message.id = "key";
  message.device = "plug/a";
  message.name = "beep";
  message.text = R"({"n":"1"})";
  EXPECT_EQ(give(message, "api").status, 202);
  EXPECT_EQ(give(message, "api").status, 202);
  message.text = R"({"n":"2"})";
  EXPECT_EQ(give(message, "api").status, 422);
  step();
  EXPECT_EQ(sink.payloads(), Texts{"1"});
}

TEST_F(DispatchTest, AnIdIsMadeWhereNoneIsNeeded) {
  CommandMessage message;
  message.form = CommandMessage::Form::method;
  message.name = "beep";
  message.text = R"({"device":"plug/a","n":"1"})";
  const CommandAnswer first = give(message), second = give(message);
  EXPECT_EQ(first.id.size(), 36u);
  EXPECT_NE(first.id, second.id);
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"1", "1"}));
}

TEST_F(DispatchTest, WhatIsCertainlyNotSentFailsAndWhatMayBeSentIsUnanswered) {
  sink.answer = CommandSink::Sent::not_sent;
  give(beep("1"));
  step();
  sink.answer = CommandSink::Sent::unknown;
  give(beep("2"));
  step();
  EXPECT_EQ(state("1"), "failed");
  EXPECT_EQ(state("2"), "unanswered");
  give(power("3"));
  step();
  EXPECT_EQ(state("3"), "sent for now") << "its reply may still tell";
  hear("plug/a", R"({"POWER":"ON"})");
  step();
  EXPECT_EQ(state("3"), "succeeded");
  EXPECT_EQ(sink.published.size(), 3u);
}

TEST_F(DispatchTest, AtMostSoManyWaitAndFurtherOnesAreRefused) {
  options.waiting_max = 3;
  open_again();
  know({"plug/a"});
  sink.is_ready = false;
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(give(beep(id)).status, 202);
  const CommandAnswer refused = give(beep("4"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.state, CommandState::rejected);
  EXPECT_EQ(give(beep("1")).status, 202) << "a repeat is none more";
  EXPECT_EQ(outcomes("4"), 1u);
  sink.is_ready = true;
  step();
  EXPECT_EQ(give(beep("5")).status, 202);
  step();
  EXPECT_EQ(sink.payloads(), (Texts{"1", "2", "3", "5"}));
}

TEST_F(DispatchTest, WhoLooksIsToldTheEnd) {
  EXPECT_FALSE(dispatch->look("1", Duration(0)));
  give(beep("1"));
  EXPECT_EQ(dispatch->look("1", Duration(0))->status, 202);
  EXPECT_EQ(dispatch->look("1", Duration(1))->status, 202) << "nothing happens meanwhile";
  step();
  EXPECT_EQ(dispatch->look("1", 1h)->status, 200) << "at once";
  give(beep("2"));
  dispatch->stop();
  EXPECT_EQ(dispatch->look("2", 1h)->status, 202) << "nobody waits any more";
  const Answers latest = dispatch->latest(5);
  ASSERT_EQ(latest.size(), 2u);
  EXPECT_EQ(latest[0].id, "2");
  EXPECT_EQ(latest[1].id, "1");
}

TEST_F(DispatchTest, CountsAddUp) {
  give(beep("1"));
  give(power("2", "plug/b"));
  give(beep("3", "plug/unheard"));
  step();
  pass(6s);
  const store::CommandCounts counts = store->snapshot().commands;
  EXPECT_EQ(counts.accepted, 2u);
  EXPECT_EQ(counts.sent, 2u);
  EXPECT_EQ(counts.rejected, 1u);
  EXPECT_EQ(counts.unanswered, 1u);
}

}  // namespace
}  // namespace sluice::flow
