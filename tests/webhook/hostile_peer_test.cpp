// What no sensible endpoint does, and what a sink must live through.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zlib.h>

#include "tests/stage/process.h"
#include "tests/webhook/peers.h"

namespace sluice::webhook {
namespace {

using std::chrono::steady_clock;

/// A peer that reads a request and says `text`.
RawPeer::Script say(std::string text, bool keep_open = false) {
  return [=](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, text);
    if (keep_open) hold(socket, stopping);
  };
}

std::string deliver_one(const RawPeer& peer, Duration timeout = std::chrono::seconds(20)) {
  Sender sender(peer.port());
  sender.options.timeout = timeout;
  return outcomes(sender.deliver(make_records(1)));
}

TEST(HostilePeer, AnAnswerThatDripsEndsWithTheTimeout) {
  RawPeer peer([](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    const std::string answer = "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x');
    for (std::size_t i = 0; i < answer.size() && !stopping; ++i) {
      send_text(socket, answer.substr(i, 1));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  EXPECT_EQ(deliver_one(peer, Duration(300)), "d");
}

TEST(HostilePeer, APeerThatReadsNothingEndsWithTheTimeout) {
  RawPeer peer([](int, const std::atomic<bool>& stopping) { stage::eventually([&] { return stopping.load(); }); });
  Sender sender(peer.port());
  sender.options.timeout = Duration(300);
  EXPECT_EQ(outcomes(sender.deliver(make_records(1, 20'000'000))), "d");
}

TEST(HostilePeer, AStopBeforeTheRequestSendsNothing) {
  HttpPeer peer;
  Sender sender(peer.port());
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(outcomes(sender.deliver(make_records(2), source.get_token())), "dd");
  EXPECT_TRUE(peer.seen().empty());
  EXPECT_EQ(outcomes(sender.deliver(make_records(2))), "aa");
  EXPECT_EQ(outcomes(sender.deliver(make_records(2), source.get_token())), "dd");
  EXPECT_EQ(peer.seen().size(), 1U) << "nor over a connection that is open";
}

TEST(HostilePeer, NobodyListeningIsTheNetwork) {
  Sender sender(stage::free_port());
  const auto verdicts = sender.deliver(make_records(1));
  EXPECT_EQ(outcomes(verdicts), "d");
  EXPECT_NE(verdicts[0].reason.find("connecting to 127.0.0.1"), std::string::npos) << verdicts[0].reason;
}

class FullAnswer : public testing::TestWithParam<std::string> {};

TEST_P(FullAnswer, IsAccepted) {
  RawPeer peer(say(GetParam(), true));
  EXPECT_EQ(deliver_one(peer), "a");
}

INSTANTIATE_TEST_SUITE_P(
    All, FullAnswer,
    testing::Values("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n",
                    "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                    // Said without an end: what came says enough.
                    "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'),
                    "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n" + std::string(100'000, 'x')));

TEST(HostilePeer, AnAnswerWithoutLengthEndsWithTheConnection) {
  RawPeer peer(say("HTTP/1.1 422 No\r\n\r\nbad unit"));
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(1));
  EXPECT_EQ(outcomes(verdicts), "r");
  EXPECT_NE(verdicts[0].reason.find("422: bad unit"), std::string::npos) << verdicts[0].reason;
}

TEST(HostilePeer, AHeadWithoutEndIsGivenUp) {
  std::atomic<bool> given_up = false;
  RawPeer peer([&](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nX: ");
    const std::string more(4096, 'x');
    while (!stopping && send(socket, more.data(), more.size(), MSG_NOSIGNAL) > 0) continue;
    given_up = !stopping;
  });
  Sender sender(peer.port());
  const auto verdicts = sender.deliver(make_records(1));
  EXPECT_EQ(outcomes(verdicts), "d");
  EXPECT_NE(verdicts[0].reason.find("no end"), std::string::npos) << verdicts[0].reason;
  EXPECT_TRUE(stage::eventually([&] { return given_up.load(); }));
}

TEST(HostilePeer, ABodyIsReadToSixtyFourKibibytes) {
  std::atomic<std::size_t> sent = 0;
  RawPeer peer([&](int socket, const std::atomic<bool>& stopping) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 422 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
    while (!stopping && send(socket, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) sent += chunk.size();
  });
  Sender sender(peer.port());
  EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "r");
  EXPECT_TRUE(
      stage::eventually([&, last = std::size_t{0}]() mutable { return std::exchange(last, sent.load()) == sent; }));
  EXPECT_LT(sent, 50'000'000U) << "only what the kernel's buffers take";
}

TEST(HostilePeer, ARefusalBeforeTheBodyIsReadIsHeard) {
  RawPeer peer([](int socket, const std::atomic<bool>&) {
    char buffer[1024];
    recv(socket, buffer, sizeof buffer, 0);
    send_text(socket, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    shutdown(socket, SHUT_WR);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // then closes with most of the body unread: a reset
  });
  Sender sender(peer.port());
  EXPECT_EQ(outcomes(sender.deliver(make_records(1, 10'000'000))), "r");
}

TEST(HostilePeer, AConnectionClosedWhileIdleIsOpenedAnew) {
  RawPeer peer(say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));  // and closes, without having said so
  Sender sender(peer.port());
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "a");
    EXPECT_EQ(peer.connections(), i);
  }
}

TEST(HostilePeer, AConnectionClosedJustAsARequestComesIsTriedOnceMore) {
  RawPeer peer([](int socket, const std::atomic<bool>&) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    read_request(socket);  // and closes instead of an answer
  });
  Sender sender(peer.port());
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "a") << i;
}

TEST(HostilePeer, WhatIsSaidUnaskedIsNoAnswerToTheNextRequest) {
  RawPeer peer([](int socket, const std::atomic<bool>& stopping) {
    if (read_request(socket).empty()) return;
    send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    hold(socket, stopping);
  });
  Sender sender(peer.port());
  EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "a");
  EXPECT_EQ(outcomes(sender.deliver(make_records(1))), "a");
  EXPECT_EQ(peer.connections(), 2);
}

TEST(HostilePeer, CompressedBytesAreTheOnesSigned) {
  std::mutex mutex;
  std::string request;
  RawPeer peer([&](int socket, const std::atomic<bool>&) {
    const std::lock_guard lock(mutex);
    request = read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  Sender plain(peer.port()), packed(peer.port());
  packed.options.gzip = true;
  packed.options.signing_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const auto body_of = [](const std::string& text) { return text.substr(text.find("\r\n\r\n") + 4); };
  const auto header_of = [](const std::string& text, const std::string& name) {
    const std::size_t at = text.find("\r\n" + name + ": ") + name.size() + 4;
    return text.substr(at, text.find("\r\n", at) - at);
  };

  EXPECT_EQ(outcomes(plain.deliver(make_records(50))), std::string(50, 'a'));
  const std::string expected = body_of((std::lock_guard(mutex), request));
  EXPECT_EQ(outcomes(packed.deliver(make_records(50))), std::string(50, 'a'));
  const std::string sent = (std::lock_guard(mutex), request);
  const std::string body = body_of(sent);
  EXPECT_EQ(header_of(sent, "Content-Encoding"), "gzip");
  EXPECT_EQ(header_of(sent, "webhook-signature"),
            signature(*signing_key(packed.options.signing_secret), header_of(sent, "webhook-id"),
                      std::stoll(header_of(sent, "webhook-timestamp")), body));
  std::string inflated(expected.size(), '\0');
  z_stream z{};
  ASSERT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  z.next_out = reinterpret_cast<Bytef*>(inflated.data());
  z.avail_out = static_cast<uInt>(inflated.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  inflateEnd(&z);
  EXPECT_EQ(inflated, expected);
  EXPECT_LT(body.size(), expected.size() / 2);
}

}  // namespace
}  // namespace sluice::webhook
