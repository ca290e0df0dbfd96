#include "connectors/webhook/command_poll.h"

#include <gtest/gtest.h>

#include "tests/stage/process.h"
#include "tests/stage/temp_folder.h"
#include "tests/webhook/command_stage.h"

namespace sluice::webhook {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration every = seconds(15);

HttpPeer::Answer always(int status, std::string body = {},
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
  return [=](const Seen&) { return Reply{status, body, headers}; };
}

TEST(CommandPoll, AsksAndHandsOn) {
  HttpPeer peer(always(200, one_command));
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), every);
  ASSERT_EQ(peer.seen().size(), 1U);
  const Seen seen = peer.seen()[0];
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/commands?code=poll-secret");
  EXPECT_EQ(seen.header("accept"), "application/json");
  EXPECT_EQ(seen.headers.count("accept"), 1U);
  EXPECT_EQ(seen.header("prefer"), "wait=15") << "the timeout is 20 s";
  EXPECT_EQ(seen.header("user-agent"), "sluice/0.0.0");
  for (const char* name : {"content-type", "content-length", "content-encoding", "if-none-match", "idempotency-key"})
    EXPECT_EQ(seen.header(name), "(none)") << name;
  ASSERT_EQ(poller.acceptor.messages().size(), 1U);
  const CommandMessage message = poller.acceptor.messages()[0];
  EXPECT_EQ(poller.acceptor.origins()[0], "hooks");
  EXPECT_EQ(message.form, CommandMessage::Form::commands);
  EXPECT_EQ(message.text, one_command);
  EXPECT_EQ(message.reply_to, "poll");
  EXPECT_TRUE(poller.log.lines().empty());
}

TEST(CommandPoll, ShowsCredentialsButSignsNothing) {
  HttpPeer peer(always(204));
  Poller poller(peer.port());
  poller.options.gzip = true;
  poller.options.bearer = "token-1";
  poller.options.headers = {{"X-Key", "key-1"}, {"accept", "text/html"}, {"PREFER", "x"}, {"If-None-Match", "*"}};
  poller.options.signing_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  poller.step();
  ASSERT_EQ(peer.seen().size(), 1U);
  const Seen seen = peer.seen()[0];
  EXPECT_EQ(seen.header("authorization"), "Bearer token-1");
  EXPECT_EQ(seen.header("x-key"), "key-1");
  EXPECT_EQ(seen.headers.count("accept"), 1U);
  EXPECT_EQ(seen.header("accept"), "application/json") << "what the question sets itself wins";
  EXPECT_EQ(seen.headers.count("prefer"), 1U);
  EXPECT_EQ(seen.header("prefer"), "wait=15");
  EXPECT_EQ(seen.header("if-none-match"), "(none)");
  EXPECT_EQ(seen.header("webhook-signature"), "(none)");
  EXPECT_EQ(seen.header("content-encoding"), "(none)");
}

TEST(CommandPoll, AsksToBeHeldASecondAtLeast) {
  HttpPeer peer(always(204));
  for (const auto& [timeout, expected] : {std::pair(Duration(30'999), "wait=25"), std::pair(Duration(6'999), "wait=1"),
                                          std::pair(Duration(2'000), "wait=1")}) {
    Poller poller(peer.port());
    poller.options.timeout = timeout;
    poller.step();
    EXPECT_EQ(peer.seen().back().header("prefer"), expected);
  }
}

TEST(CommandPoll, TakesNothingFromAnEmptyAnswer) {
  HttpPeer peer;
  for (const Reply& reply : {Reply{204, "", {}}, Reply{304, "", {}}, Reply{200, "", {}}, Reply{200, " \r\n\t", {}},
                             Reply{202, one_command, {}}}) {
    peer.answer_with([=](const Seen&) { return reply; });
    Poller poller(peer.port());
    EXPECT_EQ(poller.step(), every) << reply.status;
    EXPECT_TRUE(poller.acceptor.messages().empty()) << reply.status;
    EXPECT_TRUE(poller.log.lines().empty()) << reply.status;
  }
}

TEST(CommandPoll, HandsOnEvenWhatIsNoList) {
  HttpPeer peer(always(200, "<html>log in</html>"));
  Poller poller(peer.port());
  poller.acceptor.take_with([](const CommandMessage&) {
    return std::vector<CommandAnswer>{CommandAnswer{.state = CommandState::rejected, .ended = true, .status = 400}};
  });
  EXPECT_EQ(poller.step(), every);
  ASSERT_EQ(poller.acceptor.messages().size(), 1U) << "refusals and their audit are the acceptor's";
}

TEST(CommandPoll, ShowsTheTagOfWhatItHasTaken) {
  HttpPeer peer(always(200, one_command, {{"ETag", "\"v1\""}}));
  Poller poller(peer.port());
  poller.step();
  peer.answer_with(always(304));
  poller.step();
  peer.answer_with(always(503));
  poller.step();
  peer.answer_with(always(200, "[]"));
  poller.step();
  poller.step();
  const auto seen = peer.seen();
  ASSERT_EQ(seen.size(), 5U);
  EXPECT_EQ(seen[0].header("if-none-match"), "(none)");
  for (const std::size_t i : {1, 2, 3}) EXPECT_EQ(seen[i].header("if-none-match"), "\"v1\"") << i;
  EXPECT_EQ(seen[4].header("if-none-match"), "(none)") << "the last list had no tag";
}

TEST(CommandPoll, AsksForTheSameAgainIfItCannotBeTaken) {
  HttpPeer peer(always(200, one_command, {{"ETag", "\"v1\""}}));
  Poller poller(peer.port());
  poller.acceptor.take_with(RecordingAcceptor::nothing_durable);
  EXPECT_EQ(poller.step(), every);
  EXPECT_EQ(poller.step(), every);
  poller.acceptor.take_with(RecordingAcceptor::one_taken);
  EXPECT_EQ(poller.step(), every);
  EXPECT_EQ(poller.acceptor.messages().size(), 3U);
  for (const Seen& seen : peer.seen()) EXPECT_EQ(seen.header("if-none-match"), "(none)");
  EXPECT_EQ(poller.told("the disk is full"), 1);
  EXPECT_EQ(poller.told("without trouble"), 1);
}

TEST(CommandPoll, ATagSmugglesNoHeaderIn) {
  // The library decodes %0d%0a in header values.
  HttpPeer peer(always(200, one_command, {{"ETag", "\"a%0d%0aX-Evil: 1\""}}));
  Poller poller(peer.port());
  poller.step();
  poller.step();
  ASSERT_EQ(peer.seen().size(), 2U);
  EXPECT_EQ(peer.seen()[1].header("x-evil"), "(none)");
  EXPECT_EQ(peer.seen()[1].header("if-none-match"), "(none)");
}

TEST(CommandPoll, AsksAtOnceAfterCommandsThatWereHeld) {
  std::atomic<int> number = 0;
  HttpPeer peer([&](const Seen&) {
    std::this_thread::sleep_for(Pace::held_least + Duration(50));  // what a long poll is
    return Reply{200, "[" + std::to_string(++number) + "]", {}};
  });
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), Duration(0));
  poller.acceptor.take_with([](const CommandMessage&) { return std::vector<CommandAnswer>{}; });
  EXPECT_EQ(poller.step(), every) << "there were none in it";
}

TEST(CommandPoll, KeepsOneConnectionAlive) {
  int count = 0;
  HttpPeer peer([&](const Seen&) { return ++count % 2 == 0 ? Reply{304, "", {}} : Reply{204, "", {}}; });
  Poller poller(peer.port());
  for (int i = 0; i < 6; ++i) poller.step();
  EXPECT_EQ(peer.seen().size(), 6U);
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(CommandPoll, PausesUntilSomebodyMendsIt) {
  for (const int status : {400, 401, 403, 404, 405, 410, 413, 415, 422}) {
    HttpPeer peer(always(status, "code=poll-secret"));
    Poller poller(peer.port());
    EXPECT_EQ(poller.step(), minutes(1)) << status;
    EXPECT_EQ(poller.step(), minutes(2)) << status;
    peer.answer_with(always(status, "other words"));
    EXPECT_EQ(poller.step(), minutes(4)) << status;
    EXPECT_EQ(poller.told("paused until this is mended"), 1) << status;
    EXPECT_EQ(poller.told("hooks: commands: "), 1) << status;
    EXPECT_EQ(poller.told(std::to_string(status)), 1) << status;
    EXPECT_EQ(poller.told("poll-secret"), 0) << status;
    peer.answer_with(always(204));
    EXPECT_EQ(poller.step(), every);
    EXPECT_EQ(poller.told("without trouble"), 1);
    EXPECT_EQ(poller.step(), every);
    EXPECT_EQ(poller.log.lines().size(), 2U);
    peer.answer_with(always(status));
    EXPECT_EQ(poller.step(), minutes(1)) << status;
    EXPECT_TRUE(poller.acceptor.messages().empty());
  }
}

TEST(CommandPoll, TriesAgainSoonWhereItMayHelp) {
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 504}) {
    HttpPeer peer(always(status, "busy"));
    Poller poller(peer.port());
    EXPECT_LE(poller.step(), Duration(500)) << status;
    EXPECT_LE(poller.step(), seconds(1)) << status;
    EXPECT_EQ(poller.told("trying again"), 1) << status;
    EXPECT_EQ(poller.told("paused"), 0) << status;
  }
}

TEST(CommandPoll, ObeysRetryAfter) {
  HttpPeer peer(always(503, "", {{"Retry-After", "1200"}}));
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), minutes(20));
  peer.answer_with(always(429, "", {{"Retry-After", "Sun, 01 Mar 2026 09:10:00 GMT"}}));
  EXPECT_EQ(poller.step(), minutes(10));
  poller.clock.set_synced(false);
  EXPECT_LE(poller.step(), seconds(60)) << "a date means nothing to an unset clock";
  EXPECT_EQ(poller.log.lines().size(), 2U) << "a trouble that becomes another one is told";
}

TEST(CommandPoll, DoesNotFollowARedirect) {
  HttpPeer other(always(200, one_command));
  const std::string target = "http://127.0.0.1:" + std::to_string(other.port()) + "/there";
  HttpPeer peer(always(307, "", {{"Location", target + "?k=hidden"}}));
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), minutes(1));
  EXPECT_TRUE(other.seen().empty());
  EXPECT_EQ(poller.told(target), 1);
  EXPECT_EQ(poller.told("hidden"), 0);
}

TEST(CommandPoll, NobodyListeningIsTriedAgain) {
  Poller poller(stage::free_port());
  EXPECT_LE(poller.step(), Duration(500));
  poller.step();
  EXPECT_EQ(poller.told("connecting to 127.0.0.1"), 1);
}

TEST(CommandPoll, PausesAtAnUnknownAuthority) {
  const stage::TempFolder folder;
  stage::Authority authority(folder.path()), other(folder.path(), "other");
  HttpPeer peer(always(200, one_command), authority.server());
  Poller trusting(peer.port(), true), doubting(peer.port(), true);
  trusting.options.tls.ca_file = authority.ca_file();
  EXPECT_EQ(trusting.step(), every);
  EXPECT_EQ(trusting.acceptor.messages().size(), 1U);
  doubting.options.tls.ca_file = other.ca_file();
  EXPECT_EQ(doubting.step(), minutes(1));
  EXPECT_EQ(doubting.told("paused until this is mended"), 1);
  EXPECT_TRUE(doubting.acceptor.messages().empty());
}

TEST(CommandPoll, RefusesMoreThanAMebibyte) {
  const std::string fits = "[" + std::string(1024 * 1024 - 2, ' ') + "]";
  HttpPeer peer(always(200, fits));
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), every);
  ASSERT_EQ(poller.acceptor.messages().size(), 1U);
  EXPECT_EQ(poller.acceptor.messages()[0].text, fits);
  peer.answer_with(always(200, fits + " ", {{"ETag", "\"big\""}}));
  EXPECT_EQ(poller.step(), every);
  EXPECT_EQ(poller.step(), every);
  EXPECT_EQ(poller.acceptor.messages().size(), 1U);
  EXPECT_EQ(peer.seen().back().header("if-none-match"), "(none)");
  EXPECT_EQ(poller.told("more than 1 MiB"), 1);
}

}  // namespace
}  // namespace sluice::webhook
