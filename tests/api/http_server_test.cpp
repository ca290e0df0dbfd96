#include "tests/api/server_stage.h"

namespace sluice::api {
namespace {

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

}  // namespace
}  // namespace sluice::api
