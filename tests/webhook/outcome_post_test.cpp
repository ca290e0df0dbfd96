#include "connectors/webhook/outcome_post.h"

#include <gtest/gtest.h>

#include "tests/stage/process.h"
#include "tests/webhook/command_stage.h"

namespace sluice::webhook {
namespace {

constexpr const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

HttpPeer::Answer always(int status, std::string body = {}) {
  return [=](const Seen&) { return Reply{status, body, {}}; };
}

CommandAnswer succeeded(std::string id) {
  return {std::move(id), CommandState::succeeded, true, 200, R"({"outcome":"succeeded"})"};
}

/// What tells a peer of outcomes.
struct Teller {
  explicit Teller(int port) : options(downlink_options(port)) {}

  Verdict tell(const CommandAnswer& answer, std::stop_token stop = {}) {
    if (!post) {
      Result<Channel> channel = Channel::make(options, *options.downlink->poll, clock);
      SLUICE_ASSERT(channel.has_value());
      post.emplace(options.name, std::move(*channel), *options.downlink->poll, log);
    }
    return post->tell(answer, std::move(stop));
  }

  Options options;
  stage::FakeClock clock;
  stage::RecordingLog log;
  std::optional<OutcomePost> post;
};

TEST(OutcomePost, PostsBelowTheAddressBeforeItsQuery) {
  HttpPeer peer;
  Teller teller(peer.port());
  teller.options.gzip = true;
  EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"))}), "a");
  ASSERT_EQ(peer.seen().size(), 1U);
  const Seen seen = peer.seen()[0];
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/commands/c-1/outcome?code=poll-secret");
  EXPECT_EQ(seen.body, R"({"outcome":"succeeded"})");
  EXPECT_EQ(seen.header("content-type"), "application/json");
  EXPECT_EQ(seen.header("content-encoding"), "(none)");
  EXPECT_EQ(seen.header("idempotency-key"), "\"outcome-c-1\"");
  EXPECT_EQ(seen.header("user-agent"), "sluice/0.0.0");
  EXPECT_EQ(seen.header("webhook-id"), "(none)");
  EXPECT_TRUE(teller.log.lines().empty());
}

TEST(OutcomePost, KnowsEveryShapeOfAnAddress) {
  HttpPeer peer;
  for (const auto& [target, expected] :
       {std::pair("/", "/c-1/outcome"), std::pair("/a/b/", "/a/b/c-1/outcome"), std::pair("/?k=/", "/c-1/outcome?k=/"),
        std::pair("/a?x=1&y=/b/", "/a/c-1/outcome?x=1&y=/b/"), std::pair("/a%2Fb", "/a%2Fb/c-1/outcome")}) {
    Teller teller(peer.port());
    teller.options.downlink->poll->target = target;
    EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"))}), "a");
    EXPECT_EQ(peer.seen().back().target, expected);
  }
}

TEST(OutcomePost, EncodesAnId) {
  HttpPeer peer;
  Teller teller(peer.port());
  EXPECT_EQ(outcomes({teller.tell(succeeded("../a b?c#d\"\\%\r\nX: ü"))}), "a");
  ASSERT_EQ(peer.seen().size(), 1U);
  const Seen seen = peer.seen().at(0);
  const std::string encoded = "..%2Fa%20b%3Fc%23d%22%5C%25%0D%0AX%3A%20%C3%BC";
  EXPECT_EQ(seen.target, "/commands/" + encoded + "/outcome?code=poll-secret");
  EXPECT_EQ(seen.header("x"), "(none)");
}

TEST(OutcomePost, NoIdLeavesTheAddressToPoll) {
  HttpPeer peer;
  Teller teller(peer.port());
  EXPECT_EQ(outcomes({teller.tell(succeeded(".")), teller.tell(succeeded(".."))}), "rr");
  EXPECT_TRUE(peer.seen().empty());
}

TEST(OutcomePost, SignsEachAttemptAnewUnderOneName) {
  HttpPeer peer(always(503));
  Teller teller(peer.port());
  teller.options.signing_secret = secret;
  EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"))}), "d");
  teller.clock.advance(std::chrono::seconds(90));
  peer.answer_with(always(200));
  EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"))}), "a");
  ASSERT_EQ(peer.seen().size(), 2U);
  EXPECT_EQ(peer.seen()[0].header("webhook-timestamp"), "1772355600");
  EXPECT_EQ(peer.seen()[1].header("webhook-timestamp"), "1772355690");
  for (const Seen& seen : peer.seen()) {
    EXPECT_EQ(seen.header("webhook-id"), "outcome-c-1");
    EXPECT_EQ(seen.header("idempotency-key"), "\"outcome-c-1\"");
    EXPECT_EQ(seen.header("webhook-signature"),
              signature(*signing_key(secret), "outcome-c-1", std::stoll(seen.header("webhook-timestamp")), seen.body));
  }
  EXPECT_EQ(peer.connections(), 1U);
}

struct Row {
  int status;
  const char* outcome;
};
class OutcomeTable : public testing::TestWithParam<Row> {};

TEST_P(OutcomeTable, GivesTheVerdict) {
  HttpPeer peer(always(GetParam().status, "the reason, code=poll-secret"));
  Teller teller(peer.port());
  const Verdict verdict = teller.tell(succeeded("c-1"));
  EXPECT_EQ(outcomes({verdict}), GetParam().outcome);
  EXPECT_EQ(verdict.reason.find("poll-secret"), std::string::npos) << verdict.reason;
  EXPECT_FALSE(teller.log.contains("poll-secret"));
  if (verdict.outcome != Outcome::accepted) {
    EXPECT_NE(verdict.reason.find(std::to_string(GetParam().status)), std::string::npos) << verdict.reason;
  }
}

INSTANTIATE_TEST_SUITE_P(All, OutcomeTable,
                         testing::Values(Row{200, "a"}, Row{201, "a"}, Row{204, "a"}, Row{301, "p"}, Row{304, "p"},
                                         Row{307, "p"}, Row{400, "r"}, Row{401, "p"}, Row{403, "p"}, Row{404, "a"},
                                         Row{405, "p"}, Row{408, "d"}, Row{409, "a"}, Row{410, "a"}, Row{413, "r"},
                                         Row{415, "p"}, Row{422, "r"}, Row{425, "d"}, Row{429, "d"}, Row{500, "d"},
                                         Row{503, "d"}),
                         [](const auto& row) { return std::to_string(row.param.status); });

TEST(OutcomePost, ObeysRetryAfter) {
  HttpPeer peer([](const Seen&) { return Reply{429, "", {{"Retry-After", "120"}}}; });
  Teller teller(peer.port());
  EXPECT_EQ(teller.tell(succeeded("c-1")).retry_after, Duration(std::chrono::seconds(120)));
}

TEST(OutcomePost, TellsOnceThatACloudDoesNotWantToKnow) {
  HttpPeer peer(always(404));
  Teller teller(peer.port());
  for (const char* id : {"c-1", "c-2", "c-3"}) EXPECT_EQ(outcomes({teller.tell(succeeded(id))}), "a");
  ASSERT_EQ(teller.log.lines().size(), 1U);
  EXPECT_TRUE(teller.log.contains("c-1"));
}

TEST(OutcomePost, HasNoAddressForACommandWithoutId) {
  HttpPeer peer;
  Teller teller(peer.port());
  CommandAnswer answer;
  answer.text = R"({"outcome":"rejected","reason":"not JSON, code=poll-secret"})";
  EXPECT_EQ(outcomes({teller.tell(answer)}), "a");
  EXPECT_TRUE(peer.seen().empty());
  EXPECT_TRUE(teller.log.contains("not JSON"));
  EXPECT_FALSE(teller.log.contains("poll-secret"));
}

TEST(OutcomePost, NobodyListeningIsDeferred) {
  Teller teller(stage::free_port());
  EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"))}), "d");
}

TEST(OutcomePost, SilenceEndsAtAStop) {
  RawPeer peer(hold);
  Teller teller(peer.port());
  teller.options.timeout = std::chrono::hours(1);
  std::stop_source source;
  std::thread stopper([&] {
    stage::eventually([&] { return peer.connections() == 1; });
    source.request_stop();
  });
  EXPECT_EQ(outcomes({teller.tell(succeeded("c-1"), source.get_token())}), "d");
  stopper.join();
}

}  // namespace
}  // namespace sluice::webhook
