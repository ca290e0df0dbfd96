#include "tests/api/server_stage.h"

namespace sluice::api {
namespace {

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

TEST_F(Get, ACallSendsMethodHeadersAndBodyAndHearsAnyStatus) {
  start([](const Request& request) {
    Response response = problem(422, {},
                                request.method + " " + request.headers.find("host")->second + " " +
                                    request.headers.find("x-more")->second + " " + request.body);
    return response;
  });
  HttpCall call;
  call.method = "POST";
  call.path = "/x";
  call.headers = {{"X-More", "yes"}};
  call.body = "{}";
  const auto answer = http_call("127.0.0.1:" + std::to_string(server_->port()), call, stage::patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 422);
  EXPECT_NE(answer->body.find("POST localhost yes {}"), std::string::npos) << answer->body;
}

TEST(HttpCall, AnAnswerThatBreaksOffIsNone) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof to;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&to), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&to), &size);
  std::thread gateway([&] {
    const int peer = accept(listener, nullptr, nullptr);
    char buffer[4096];
    (void)!recv(peer, buffer, sizeof buffer, 0);
    const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}";
    (void)!send(peer, half.data(), half.size(), MSG_NOSIGNAL);
    close(peer);
  });
  const auto got = http_get("127.0.0.1:" + std::to_string(ntohs(to.sin_port)), "/", "", stage::patience);
  gateway.join();
  close(listener);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("broke off"), std::string::npos) << got.error().message;
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
