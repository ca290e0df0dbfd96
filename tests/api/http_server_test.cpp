#include "gateway/api/http_server.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/stage/process.h"

namespace sluice::api {
namespace {

using std::chrono::seconds;

/// A client that says what it likes and hears what comes.
class Peer {
 public:
  explicit Peer(int port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~Peer() { close(socket_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// False when the server does not take it all.
  bool say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Everything until the server closes.
  std::string hear_all() {
    while (hear_more()) continue;
    return heard_;
  }

  /// Everything until `text` was heard so many times; what came if it never is.
  std::string hear(std::string_view text, int times = 1) {
    while (count(text) < times && hear_more()) continue;
    return heard_;
  }

  std::string ask(std::string_view request) {
    say(request);
    return hear_all();
  }

 private:
  int count(std::string_view text) const {
    int times = 0;
    for (std::size_t at = heard_.find(text); at != std::string::npos; at = heard_.find(text, at + 1)) ++times;
    return times;
  }
  bool hear_more() {
    pollfd watched{socket_, POLLIN, 0};
    char buffer[4096];
    if (poll(&watched, 1, 20'000) <= 0) return false;
    const ssize_t count = recv(socket_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    heard_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int socket_;
  bool connected_ = false;
  std::string heard_;
};

/// Says back what it was asked: method, segments in brackets, query, body.
Response echo(const Request& request) {
  std::string text = request.method + " ";
  for (const std::string& segment : request.segments) text += "[" + segment + "]";
  for (const auto& [name, value] : request.query) text += " " + name + "=" + value;
  text += " {" + request.body + "}";
  return {200, "text/plain", text, {}};
}

class Server : public testing::Test {
 protected:
  int start(HttpServer::Handler handler = echo) {
    Result<std::unique_ptr<HttpServer>> started = HttpServer::start("127.0.0.1:0", limits_, std::move(handler));
    EXPECT_TRUE(started);
    server_ = std::move(*started);
    return server_->port();
  }

  /// What a request on a connection of its own is answered.
  std::string ask(std::string_view request) { return Peer(server_->port()).ask(request); }
  int status_of(std::string_view request) {
    const std::string answer = ask(request);
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  }

  HttpServer::Limits limits_;
  std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
}

std::string post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

TEST_F(Server, AnswersWithLengthAndType) {
  start();
  EXPECT_EQ(ask(get("/a/b?x=1")),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\n"
            "GET [a][b] x=1 {}");
}

TEST_F(Server, DecodesThePathSegmentBySegment) {
  start();
  const auto body = [&](const std::string& target) {
    const std::string answer = ask(get(target));
    return answer.substr(answer.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(body("/"), "GET  {}");
  EXPECT_EQ(body("/a%2Fb/c"), "GET [a/b][c] {}");
  EXPECT_EQ(body("/a//b/"), "GET [a][][b][] {}");
  EXPECT_EQ(body("/K%C3%BCche%20+"), "GET [Küche +] {}");
  EXPECT_EQ(body("/?a=1+2&b=%26&c&=d"), "GET  =d a=1 2 b=& c= {}");
}

TEST_F(Server, TellsTheHandlerWhoAsks) {
  std::string address, path, header;
  bool loopback = false;
  start([&](const Request& request) {
    address = request.remote_address;
    loopback = request.from_loopback;
    path = request.path;
    header = request.headers.find("x-mixed-case")->second;
    return Response{};
  });
  ask("GET /a%2Fb HTTP/1.1\r\nHost: x\r\nX-Mixed-CASE: \t value \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(address, "127.0.0.1");
  EXPECT_TRUE(loopback);
  EXPECT_EQ(path, "/a/b");
  EXPECT_EQ(header, "value");
}

TEST_F(Server, ReadsBodiesOfBothKinds) {
  start();
  EXPECT_TRUE(ask(post("Content-Length: 5\r\n", "hello")).ends_with("{hello}"));
  EXPECT_TRUE(ask(post("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: x\r\n\r\n"))
                  .ends_with("{hello}"));
  EXPECT_TRUE(ask(post("Content-Length: 0\r\n", "")).ends_with("{}"));
  EXPECT_TRUE(ask(post("Content-Length: 2\r\nContent-Encoding: gzip\r\n", "\x1f\x8b")).ends_with("{\x1f\x8b}"))
      << "handed over as sent";
}

TEST_F(Server, ReadsRequestsThatComeByteByByte) {
  start();
  Peer peer(server_->port());
  for (const char byte : post("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))
    ASSERT_TRUE(peer.say({&byte, 1}));
  EXPECT_TRUE(peer.hear_all().ends_with("{hello}"));
}

TEST_F(Server, KeepsConnectionsAliveAndAnswersPipelinedRequestsInOrder) {
  start();
  Peer peer(server_->port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  peer.say(requests);
  const std::string heard = peer.hear("[99]");
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = heard.find("[" + std::to_string(i) + "]", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(Server, ClosesWhereHttp10Does) {
  start();
  EXPECT_TRUE(ask("GET / HTTP/1.0\r\n\r\n").ends_with("{}"));
  Peer peer(server_->port());
  peer.say("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  peer.hear("{}");
  peer.say("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(peer.hear_all().ends_with("[2] {}"));
}

TEST_F(Server, AnswersHeadWithoutABody) {
  start();
  const std::string answer = ask("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 13\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(Server, InvitesABodyThatWaits) {
  start();
  Peer peer(server_->port());
  peer.say("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(peer.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.say("hello");
  EXPECT_TRUE(peer.hear_all().ends_with("{hello}"));
}

TEST_F(Server, AHandlerThatThrowsAnswers500AndNoMore) {
  start([](const Request&) -> Response { throw std::runtime_error("inner secret"); });
  const std::string answer = ask(plain_get);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 ")) << answer;
  EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  EXPECT_EQ(answer.find("secret"), std::string::npos);
  EXPECT_EQ(status_of(plain_get), 500);
}

TEST_F(Server, AHandlersHeaderCannotBecomeTwo) {
  start([](const Request&) { return Response{200, "text/plain", "", {{"X-Name", "a\r\nSet-Cookie: b"}}}; });
  EXPECT_NE(ask(plain_get).find("X-Name: a  Set-Cookie: b\r\n"), std::string::npos);
}

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
  start();
  std::vector<std::unique_ptr<Peer>> idle;
  for (int i = 0; i < 4; ++i) {
    idle.push_back(std::make_unique<Peer>(server_->port()));
    idle.back()->say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.back()->hear("{}");
  }
  EXPECT_EQ(status_of(plain_get), 503);
  idle.pop_back();
  EXPECT_TRUE(stage::eventually([&] { return status_of(plain_get) == 200; }));
}

TEST_F(Server, AThousandConnectionsLeaveItAlive) {
  start();
  {
    std::vector<std::unique_ptr<Peer>> many;
    for (int i = 0; i < 500; ++i) many.push_back(std::make_unique<Peer>(server_->port()));
  }
  EXPECT_TRUE(stage::eventually([&] { return status_of(plain_get) == 200; }));
}

TEST_F(Server, HandlersRunSideBySide) {
  std::mutex mutex;
  std::condition_variable met;
  int inside = 0;
  start([&](const Request&) {
    std::unique_lock lock(mutex);
    ++inside;
    met.notify_all();
    const bool both = met.wait_for(lock, stage::patience, [&] { return inside >= 2; });
    return Response{both ? 200 : 500, "text/plain", "", {}};
  });
  std::thread other([&] { EXPECT_EQ(status_of(plain_get), 200); });
  EXPECT_EQ(status_of(plain_get), 200);
  other.join();
}

TEST_F(Server, APeerThatIsGoneBeforeItsAnswerHarmsNobody) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::atomic<int> handled = 0;
  start([&](const Request& request) {
    if (request.path == "/slow") {
      ++handled;
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return open; });
    }
    return echo(request);
  });
  {
    Peer gone(server_->port());
    gone.say(get("/slow"));
    ASSERT_TRUE(stage::eventually([&] { return handled == 1; }));
  }
  {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  EXPECT_EQ(status_of(plain_get), 200);
  server_.reset();  // the handler uses what is declared here
}

TEST_F(Server, EndsWithConnectionsOpen) {
  const int port = start();
  Peer idle(port), half(port);
  half.say("GET / HT");
  server_.reset();
  EXPECT_EQ(idle.hear_all(), "");
  EXPECT_FALSE(http_get("127.0.0.1:" + std::to_string(port), "/", "", seconds(5)));
}

TEST_F(Server, ATakenPortIsAnErrorThatNamesIt) {
  const std::string address = "127.0.0.1:" + std::to_string(start());
  const auto second = HttpServer::start(address, {}, echo);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(address), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("another program"), std::string::npos) << second.error().message;
  EXPECT_EQ(status_of(plain_get), 200);  // the server closes first, and its end of the connection lingers
  server_.reset();
  EXPECT_TRUE(HttpServer::start(address, {}, echo)) << "free at once after the end";
}

TEST(HttpServerAddress, IsHostAndPort) {
  for (const char* address :
       {"", "8420", ":8420", "127.0.0.1", "127.0.0.1:", "::1:8420", "127.0.0.1:http", "name.invalid:0"})
    EXPECT_FALSE(HttpServer::start(address, {}, echo)) << address;
  for (const char* address : {"127.0.0.1:0", "localhost:0", "0.0.0.0:0"})
    EXPECT_TRUE(HttpServer::start(address, {}, echo)) << address;
}

class Get : public Server {
 protected:
  Result<std::string> get_it(const std::string& token = {}, Duration timeout = stage::patience) {
    return http_get("127.0.0.1:" + std::to_string(server_->port()), "/api/v1/status", token, timeout);
  }
};

TEST_F(Get, GivesTheBodyAndShowsTheToken) {
  start([](const Request& request) {
    const auto token = request.headers.find("authorization");
    return Response{200, "text/plain", request.path + " " + (token == request.headers.end() ? "-" : token->second), {}};
  });
  EXPECT_EQ(*get_it("secret"), "/api/v1/status Bearer secret");
  EXPECT_EQ(*get_it(), "/api/v1/status -");
}

TEST_F(Get, GivesALargeBodyWhole) {
  start([](const Request&) { return Response{200, "text/plain", std::string(3'000'000, 'x'), {}}; });
  EXPECT_EQ(get_it()->size(), 3'000'000U);
}

TEST_F(Get, SaysWhatWasAnsweredInstead) {
  start([](const Request&) { return problem(403, "No", "the token is wrong"); });
  const auto got = get_it("secret");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::unavailable);
  EXPECT_NE(got.error().message.find("403"), std::string::npos) << got.error().message;
  EXPECT_NE(got.error().message.find("the token is wrong"), std::string::npos) << got.error().message;
  EXPECT_EQ(got.error().message.find("secret"), std::string::npos);
}

TEST_F(Get, SaysThatNobodyListens) {
  const std::string address = "127.0.0.1:" + std::to_string(stage::free_port());
  const auto got = http_get(address, "/", "", stage::patience);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find(address), std::string::npos) << got.error().message;
}

TEST_F(Get, EndsInTimeWhereNoAnswerComes) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  start([&](const Request&) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
    return Response{};
  });
  const auto got = get_it("", Duration(200));
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("in time"), std::string::npos) << got.error().message;
  {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  server_.reset();  // the handler uses what is declared here
}

TEST(Problem, IsAnRfc9457Document) {
  const Response response = problem(404, "No such device", "kitchen \"2\"");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"title":"No such device","status":404,"detail":"kitchen \"2\""})");
  EXPECT_EQ(problem(404, "").body, R"({"title":"Not Found","status":404})");
}

}  // namespace
}  // namespace sluice::api
