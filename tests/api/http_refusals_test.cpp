#include <future>

#include "tests/api/server_stage.h"

namespace sluice::api {
namespace {

struct Refusal {
  const char* name;
  std::string request;
  int status;
};
class Refusals : public Server, public testing::WithParamInterface<Refusal> {};

TEST_P(Refusals, AreToldWithoutTheHandlerAndTheServerLives) {
  limits_.header_bytes_max = 1000;
  limits_.body_bytes_max = 1000;
  std::atomic<int> handled = 0;
  start([&](const Request& request) { return ++handled, echo(request); });
  EXPECT_EQ(status_of(GetParam().request), GetParam().status);
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(status_of(plain_get), 200);
}

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    testing::Values(
        Refusal{"no_http", "hello\r\n\r\n", 400}, Refusal{"other_version", "GET / HTTP/2.0\r\n\r\n", 505},
        Refusal{"no_version", "GET /\r\n\r\n", 400}, Refusal{"tls", "\x16\x03\x01\x02\r\n\r\n", 400},
        Refusal{"method_with_junk", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Refusal{"bare_line_feed", "GET / HTTP/1.1\nHost: x\n\n", 400},
        Refusal{"no_host", "GET / HTTP/1.1\r\n\r\n", 400},
        Refusal{"two_hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
        Refusal{"absolute_target", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        Refusal{"dots", get("/a/../b"), 400}, Refusal{"encoded_dots", get("/a/%2e%2E/b"), 400},
        Refusal{"single_dot", get("/./b"), 400}, Refusal{"encoded_nul", get("/a%00b"), 400},
        Refusal{"encoded_line_end", get("/a%0d%0ab"), 400}, Refusal{"half_percent", get("/a%2"), 400},
        Refusal{"bad_percent", get("/%zz"), 400}, Refusal{"no_utf8", get("/%ff"), 400},
        Refusal{"overlong_utf8", get("/%c0%af"), 400}, Refusal{"fragment", get("/a#b"), 400},
        Refusal{"bad_query", get("/?a=%"), 400},
        Refusal{"header_without_colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400},
        Refusal{"space_before_colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        Refusal{"folded_header", "GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400},
        Refusal{"control_in_header", std::string("GET / HTTP/1.1\r\nHost: x\0\r\n\r\n", 29), 400},
        Refusal{"two_lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n", "x"), 400},
        Refusal{"length_and_chunked", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Refusal{"negative_length", post("Content-Length: -1\r\n", ""), 400},
        Refusal{"length_with_sign", post("Content-Length: +1\r\n", "x"), 400},
        Refusal{"length_beyond_64_bits", post("Content-Length: 99999999999999999999\r\n", ""), 400},
        Refusal{"other_coding", post("Transfer-Encoding: gzip, chunked\r\n", ""), 501},
        Refusal{"chunked_twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""), 501},
        Refusal{"chunk_size_junk", post("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n"), 400},
        Refusal{"chunk_too_long", post("Transfer-Encoding: chunked\r\n", "2\r\nhello\r\n"), 400},
        Refusal{"chunk_size_huge", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"), 413},
        Refusal{"body_too_large", post("Content-Length: 1001\r\n", ""), 413},
        Refusal{"chunked_too_large",
                post("Transfer-Encoding: chunked\r\n", "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n"), 413},
        Refusal{"header_line_too_long", "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(5000, 'x'), 431},
        Refusal{"target_too_long", "GET /" + std::string(5000, 'x'), 431},
        Refusal{"trailer_too_long", post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(5000, 'x')), 431},
        Refusal{"chunk_extension_too_long", post("Transfer-Encoding: chunked\r\n", "1;" + std::string(5000, 'x')), 431},
        Refusal{"expects_more", post("Expect: miracles\r\nContent-Length: 1\r\n", "x"), 417}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(Server, ABodyOfManySmallChunksIsBoundedByItsSizeAlone) {
  limits_.header_bytes_max = 500;
  start();
  std::string chunks;
  for (int i = 0; i < 1000; ++i) chunks += "1\r\nx\r\n";
  EXPECT_TRUE(
      ask(post("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n")).ends_with("{" + std::string(1000, 'x') + "}"));
}

TEST_F(Server, AHugeBodyIsRefusedLongBeforeItsEnd) {
  limits_.body_bytes_max = 1024 * 1024;
  start();
  Peer peer(server_->port());
  ASSERT_TRUE(peer.say("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  int sent = 0;
  while (sent < 3200 && peer.say(chunk)) ++sent;  // 200 MB
  EXPECT_LT(sent, 1000);
  EXPECT_TRUE(peer.hear_all().starts_with("HTTP/1.1 413 "));
}

TEST_F(Server, ARefusedPeerIsHeardOutSoThatItCanReadWhy) {
  start();
  Peer peer(server_->port());
  peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
  peer.hear("too large");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(peer.say(std::string(4096, 'x'))) << "a reset would take the answer away";
}

TEST_F(Server, ALongHeaderIsRefusedLongBeforeItsEnd) {
  start();
  Peer peer(server_->port());
  ASSERT_TRUE(peer.say("GET / HTTP/1.1\r\nHost: x\r\n"));
  const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
  int sent = 0;
  while (sent < 100'000 && peer.say(line)) ++sent;
  EXPECT_LT(sent, 50'000);
}

TEST_F(Server, SlowPeersHoldUpNobodyAndAreClosed) {
  limits_.request_time_max = seconds(1);
  start();
  std::vector<std::unique_ptr<Peer>> slow;
  for (int i = 0; i < 32; ++i) {
    slow.push_back(std::make_unique<Peer>(server_->port()));
    ASSERT_TRUE(slow.back()->say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe"));
  }
  EXPECT_EQ(status_of(plain_get), 200);
  for (const auto& peer : slow) EXPECT_TRUE(peer->hear_all().starts_with("HTTP/1.1 408 "));
}

TEST_F(Server, DrippingDoesNotBuyTime) {
  limits_.request_time_max = Duration(300);
  start();
  Peer peer(server_->port());
  std::atomic<bool> closed = false;
  std::thread dripping([&] {
    while (!closed && peer.say("X")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  });
  EXPECT_TRUE(peer.hear_all().starts_with("HTTP/1.1 408 "));
  closed = true;
  dripping.join();
}

TEST_F(Server, IdleConnectionsAreClosedInSilence) {
  limits_.request_time_max = Duration(200);
  start();
  EXPECT_EQ(Peer(server_->port()).hear_all(), "");
}

TEST_F(Server, APeerThatReadsNothingIsClosed) {
  limits_.request_time_max = Duration(300);
  std::atomic<int> handled = 0;
  start([&](const Request&) { return ++handled, Response{200, "text/plain", std::string(50'000'000, 'x'), {}}; });
  Peer deaf(server_->port(), 4096);
  deaf.say(plain_get);
  ASSERT_TRUE(stage::eventually([&] { return handled == 1; }));
  // A closed socket refuses what is sent to it.
  EXPECT_TRUE(stage::eventually([&] { return !deaf.say("x"); }));
}

TEST_F(Server, OneConnectionTooManyIsTold) {
  limits_.connections_max = 4;
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  std::atomic<int> begun = 0;
  start([&](const Request&) { return ++begun, gone.wait(), Response{}; });
  std::vector<std::unique_ptr<Peer>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::make_unique<Peer>(server_->port()));
    waiting.back()->say(plain_get);
  }
  ASSERT_TRUE(stage::eventually([&] { return begun == 4; }));
  EXPECT_EQ(status_of(plain_get), 503);
  go.set_value();
  for (const auto& peer : waiting) EXPECT_TRUE(peer->hear_all().starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(stage::eventually([&] { return status_of(plain_get) == 200; }));
}

TEST_F(Server, WhoKeepsItWaitingLongestGivesWay) {
  limits_.connections_max = 4;
  start();
  std::vector<std::unique_ptr<Peer>> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(std::make_unique<Peer>(server_->port()));
    idle.back()->say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.back()->hear("{}");
  }
  Peer fifth(server_->port());
  EXPECT_TRUE(fifth.ask(plain_get).starts_with("HTTP/1.1 200 "));
  idle.front()->hear_all();  // closed, not kept
  EXPECT_TRUE(idle.back()->ask(plain_get).find("HTTP/1.1 200 ") != std::string::npos);
}

TEST_F(Server, AThousandConnectionsLeaveItAlive) {
  start();
  {
    std::vector<std::unique_ptr<Peer>> many;
    for (int i = 0; i < 500; ++i) many.push_back(std::make_unique<Peer>(server_->port()));
  }
  EXPECT_TRUE(stage::eventually([&] { return status_of(plain_get) == 200; }));
}

}  // namespace
}  // namespace sluice::api
