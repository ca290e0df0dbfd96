#include "gateway/api/api.h"
#include "tests/api/api_stage.h"
#include "tests/api/server_stage.h"

namespace sluice::api {
namespace {

/// A gateway whose devices never answer until `end`.
class Waits : public Server {
 protected:
  Waits() {
    Downlink downlink;
    downlink.command = [](CommandMessage message) -> Result<CommandAnswer> {
      return an_answer(message.id, CommandState::accepted, 202);
    };
    downlink.look = [this](const std::string& id, Duration most) -> std::optional<CommandAnswer> {
      std::unique_lock lock(mutex_);
      if (most > Duration(0)) ++waiting_;
      changed_.wait(lock, [&] { return ended_ || most == Duration(0); });
      if (most > Duration(0)) --waiting_;
      return an_answer(id, ended_ ? CommandState::succeeded : CommandState::accepted, ended_ ? 200 : 202);
    };
    api_ = std::make_unique<Api>(
        Api::Options{"secret-token", {}}, [] { return Picture{}; }, std::move(downlink));
    start([this](const Request& request) { return api_->answer(request); });
  }
  ~Waits() override {
    end();
    server_.reset();
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  int waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  static std::string command(const std::string& id, const std::string& more = {}) {
    return "POST /api/v1/devices/tasmota/kitchen/commands/power HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           "Authorization: Bearer secret-token\r\nContent-Type: application/json\r\nPrefer: wait=60\r\n"
           "Content-Length: 2\r\nIdempotency-Key: " +
           id + "\r\n" + more + "\r\n{}";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool ended_ = false;
  std::unique_ptr<Api> api_;
};

TEST_F(Waits, EightHoldUpNobodyAndTheNinthIsAnsweredAtOnce) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < CommandPost::waits_max; ++i) {
    peers.push_back(std::make_unique<Peer>(server_->port()));
    ASSERT_TRUE(peers.back()->say(command("w" + std::to_string(i))));
  }
  ASSERT_TRUE(stage::eventually([&] { return waiting() == CommandPost::waits_max; }));
  const std::string ninth = ask(command("w8"));
  EXPECT_TRUE(ninth.starts_with("HTTP/1.1 202 ")) << ninth;
  EXPECT_NE(ninth.find("Location: /api/v1/commands/w8\r\n"), std::string::npos) << ninth;
  EXPECT_EQ(ninth.find("Preference-Applied"), std::string::npos) << ninth;
  const std::string healthy = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(status_of(healthy), 200);
  end();
  for (int i = 0; i < CommandPost::waits_max; ++i) {
    const std::string answer = peers[static_cast<std::size_t>(i)]->hear_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("\"w" + std::to_string(i) + "\""), std::string::npos) << "each its own: " << answer;
  }
  EXPECT_EQ(status_of(command("w9")), 200) << "the places are free again";
}

TEST_F(Waits, WhoGoesAwayLeavesThePlaceAtTheEndOfTheWait) {
  for (int i = 0; i < CommandPost::waits_max; ++i) {
    Peer gone(server_->port());
    ASSERT_TRUE(gone.say(command("g" + std::to_string(i))));
    ASSERT_TRUE(stage::eventually([&] { return waiting() == i + 1; }));
  }
  end();
  ASSERT_TRUE(stage::eventually([&] { return waiting() == 0; }));
  EXPECT_TRUE(stage::eventually([&] { return status_of(command("after")) == 200; }));
}

TEST_F(Waits, ABrowsersHostileRequestsComeToNothing) {
  const std::string path = "POST /api/v1/devices/tasmota/kitchen/commands/power HTTP/1.1\r\nConnection: close\r\n";
  const std::string browser =
      "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n";
  end();
  EXPECT_EQ(status_of(path + "Host: 127.0.0.1:8420\r\n" + browser +
                      "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
            401);
  EXPECT_EQ(status_of(command("a", browser)), 403) << "with a stolen token";
  EXPECT_EQ(status_of(path + "Host: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
            421);
  const std::string preflight = ask(
      "OPTIONS /api/v1/devices/tasmota/kitchen/commands/power HTTP/1.1\r\nHost: 127.0.0.1:8420\r\nConnection: close\r\n"
      "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: authorization,content-type\r\nAccess-Control-Request-Private-Network: "
      "true\r\n\r\n");
  EXPECT_TRUE(preflight.starts_with("HTTP/1.1 405 ")) << preflight;
  EXPECT_EQ(preflight.find("Access-Control"), std::string::npos) << preflight;
}

/// Handlers wait at it until it is opened. Lives as long as any of them.
struct Gate {
  void pass() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return is_open; });
    ++passed;
  }
  void open() {
    const std::lock_guard lock(mutex);
    is_open = true;
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool is_open = false;
  std::atomic<std::size_t> passed{0};
};

TEST_F(Server, RequestsOfPeersThatAreGoneDoNotPileUp) {
  const auto gate = std::make_shared<Gate>();
  start([gate](const Request& request) {
    gate->pass();
    return echo(request);
  });
  for (std::size_t i = 0; i < 5 * limits_.connections_max; ++i) {
    Peer gone(server_->port());
    gone.reset_at_end();
    gone.say(plain_get);
    // Refused by the thread that reads: once it is, what came before it has been read.
    ASSERT_TRUE(ask("NOT HTTP\r\n\r\n").starts_with("HTTP/1.1 400 "));
  }
  gate->open();
  EXPECT_TRUE(stage::eventually([&] { return ask(plain_get).starts_with("HTTP/1.1 200 "); }));
  EXPECT_LE(gate->passed.load(), limits_.connections_max + limits_.threads + 1);
}

}  // namespace
}  // namespace sluice::api
