#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/http_server.h"
#include "tests/stage/process.h"

namespace sluice::api {

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

  /// At its end the connection is reset.
  void reset_at_end() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
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
inline Response echo(const Request& request) {
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

inline constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
}

inline std::string post(const std::string& headers, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

}  // namespace sluice::api
