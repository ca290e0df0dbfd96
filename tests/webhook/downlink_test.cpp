// The way down through the sink itself, and what no sensible endpoint does to it.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/stage/process.h"
#include "tests/webhook/command_stage.h"

namespace sluice::webhook {
namespace {

/// A sink that polls in a thread of its own.
class Polling {
 public:
  explicit Polling(Options options) : sender_(1) {
    sender_.options = std::move(options);
    SLUICE_ASSERT(sender_.ready() != nullptr);
    sender_.sink->open(acceptor);
    thread_ = std::thread([this] {
      sender_.sink->poll(source_.get_token());
      ended_ = true;
    });
  }
  ~Polling() { stop(); }

  void stop() {
    source_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  bool ended() const { return ended_; }
  WebhookSink& sink() { return *sender_.sink; }

  RecordingAcceptor acceptor;

 private:
  Sender sender_;
  std::stop_source source_;
  std::thread thread_;
  std::atomic<bool> ended_{false};
};

Options quick(int port) {
  Options options = downlink_options(port);
  options.downlink->every = Duration(5);
  return options;
}

TEST(Downlink, PollsAgainAndAgain) {
  HttpPeer peer([](const Seen&) { return Reply{200, one_command, {}}; });
  Polling polling(quick(peer.port()));
  EXPECT_TRUE(stage::eventually([&] { return polling.acceptor.messages().size() >= 5; }));
  EXPECT_EQ(peer.connections(), 1U);
}

TEST(Downlink, AnswersWhileAQuestionIsHeld) {
  std::atomic<bool> stopping = false, held = false;
  HttpPeer peer([&](const Seen& seen) {
    if (seen.method != "GET") return Reply{};
    held = true;
    stage::eventually([&] { return stopping.load(); });
    return Reply{204, "", {}};
  });
  Polling polling(quick(peer.port()));
  EXPECT_TRUE(stage::eventually([&] { return held.load(); }));
  const CommandAnswer answer{"c-1", CommandState::succeeded, true, 200, "{}"};
  EXPECT_EQ(outcomes({polling.sink().answer("poll", answer, {})}), "a");
  EXPECT_EQ(outcomes(polling.sink().deliver(make_records(2), {})), "aa");
  EXPECT_FALSE(polling.ended());
  stopping = true;
}

TEST(Downlink, StopsInTheMiddleOfALongPoll) {
  RawPeer peer(hold);
  Options options = quick(peer.port());
  options.timeout = std::chrono::hours(1);
  Polling polling(std::move(options));
  EXPECT_TRUE(stage::eventually([&] { return peer.connections() == 1; }));
  polling.stop();
  EXPECT_TRUE(polling.ended());
}

TEST(Downlink, StopsInTheMiddleOfARest) {
  HttpPeer peer([](const Seen&) { return Reply{200, one_command, {}}; });
  Options options = quick(peer.port());
  options.downlink->every = std::chrono::hours(1);
  Polling polling(std::move(options));
  EXPECT_TRUE(stage::eventually([&] { return !polling.acceptor.messages().empty(); }));
  polling.stop();
  EXPECT_EQ(peer.seen().size(), 1U);
}

TEST(Downlink, HasNothingToDoWhereNoneIsWanted) {
  HttpPeer peer;
  RecordingAcceptor acceptor;
  Sender without(peer.port()), answers_only(peer.port());
  answers_only.options.downlink = Downlink{};
  answers_only.options.downlink->in_answers = true;
  for (Sender* sender : {&without, &answers_only}) {
    ASSERT_NE(sender->ready(), nullptr);
    sender->sink->open(acceptor);
    sender->sink->poll({});
    EXPECT_EQ(outcomes({sender->sink->answer("poll", CommandAnswer{.id = "c-1"}, {})}), "a");
  }
  EXPECT_TRUE(peer.seen().empty());
}

/// A peer that reads a request and says `text`.
RawPeer::Script say(std::string text) {
  return [=](int socket, const std::atomic<bool>&) {
    read_request(socket);
    send_text(socket, text);
  };
}

class NoCommands : public testing::TestWithParam<std::string> {};

TEST_P(NoCommands, AreTakenFromWhatBreaksOff) {
  RawPeer peer(say(GetParam()));
  Poller poller(peer.port());
  EXPECT_LE(poller.step(), Duration(500));
  EXPECT_TRUE(poller.acceptor.messages().empty());
  EXPECT_EQ(poller.told("trying again"), 1);
}

INSTANTIATE_TEST_SUITE_P(All, NoCommands,
                         testing::Values("", "garbage", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
                                         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]",
                                         std::string(1000, '\0'),
                                         "HTTP/1.1 200 " + std::string(200'000, 'x') + "\r\n\r\n[]",
                                         "HTTP/1.1 200 OK\r\nX: " + std::string(4'000'000, 'x'),
                                         "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 " + std::string(200'000, 'x') +
                                             "\r\n\r\n[]"));

TEST(HostilePoll, ABodyWithoutEndIsRefused) {
  std::atomic<std::size_t> sent = 0;
  RawPeer peer([&](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(4096, ' ') + "\r\n";
    while (!stopping && send(socket, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) sent += chunk.size();
  });
  Poller poller(peer.port());
  EXPECT_EQ(poller.step(), Duration(std::chrono::seconds(15)));
  EXPECT_TRUE(poller.acceptor.messages().empty());
  EXPECT_EQ(poller.told("more than 1 MiB"), 1);
  EXPECT_TRUE(
      stage::eventually([&, last = std::size_t{0}]() mutable { return std::exchange(last, sent.load()) == sent; }));
  EXPECT_LT(sent, 50'000'000U) << "only what the kernel's buffers take";
}

TEST(HostilePoll, AHeadWithoutEndIsGivenUp) {
  std::atomic<bool> given_up = false;
  RawPeer peer([&](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nX: ");
    const std::string more(4096, 'x');
    while (!stopping && send(socket, more.data(), more.size(), MSG_NOSIGNAL) > 0) continue;
    given_up = !stopping;
  });
  Poller poller(peer.port());
  EXPECT_LE(poller.step(), Duration(500));
  EXPECT_EQ(poller.told("no end"), 1);
  EXPECT_TRUE(stage::eventually([&] { return given_up.load(); }));
}

TEST(HostilePoll, AnAnswerThatDripsEndsWithTheTimeout) {
  RawPeer peer([](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100'000 && !stopping; ++i) {
      send_text(socket, " ");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  Poller poller(peer.port());
  poller.options.timeout = Duration(300);
  EXPECT_LE(poller.step(), Duration(500));
  EXPECT_EQ(poller.told("trying again"), 1);
}

TEST(HostilePoll, ALengthThatIsNotSentDoesNotHoldA304) {
  RawPeer peer([](int socket, const std::atomic<bool>&) {
    while (!read_request(socket).empty())
      send_text(socket, "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nContent-Length: 5000\r\n\r\n");
  });
  Poller poller(peer.port());
  poller.options.timeout = std::chrono::seconds(2);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(poller.step(), Duration(std::chrono::seconds(15)));
  EXPECT_EQ(peer.connections(), 1) << "nor costs it the connection";
  poller.poll.reset();
}

TEST(HostilePoll, WhatIsSaidUnaskedIsNoAnswerToTheNextQuestion) {
  RawPeer peer([](int socket, const std::atomic<bool>& stopping) {
    if (read_request(socket).empty()) return;
    send_text(socket, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]");
    hold(socket, stopping);
  });
  Poller poller(peer.port());
  for (int i = 0; i < 3; ++i) poller.step();
  EXPECT_TRUE(poller.acceptor.messages().empty());
  EXPECT_EQ(peer.connections(), 3);
}

}  // namespace
}  // namespace sluice::webhook
