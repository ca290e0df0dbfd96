#include "gateway/api/http_connection.h"

#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/response_text.h"

namespace sluice::api {

namespace {
constexpr Duration drain_time_max = std::chrono::seconds(5);
constexpr std::size_t drain_bytes_max = 1024 * 1024;
constexpr std::string_view continue_text = "HTTP/1.1 100 Continue\r\n\r\n";
}  // namespace

HttpConnection::HttpConnection(int socket, const HttpServer::Limits& limits, Instant now)
    : socket_(socket),
      limits_(limits),
      peer_(peer_of(socket)),
      reader_(limits.header_bytes_max, limits.body_bytes_max),
      deadline_(now + limits.request_time_max) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpConnection::~HttpConnection() {
  close(socket_);
}

short HttpConnection::wanted_events() const {
  switch (phase_) {
    case Phase::reading:
    case Phase::draining:
      return POLLIN;
    case Phase::writing:
      return POLLOUT;
    case Phase::answering:
    case Phase::done:
      break;
  }
  return 0;
}

Request HttpConnection::take_request() {
  SLUICE_ASSERT(has_request());
  request_taken_ = true;
  Request request = reader_.take();
  head_only_ = request.method == "HEAD";
  request.remote_address = peer_.text;
  request.from_loopback = peer_.loopback;
  return request;
}

void HttpConnection::on_ready(short events, Instant now) {
  if (phase_ == Phase::writing) return write_on(now);
  if (phase_ == Phase::draining) return drain();
  if (phase_ == Phase::reading) return receive(now);
  if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) phase_ = Phase::done;  // nobody is left to answer
}

void HttpConnection::on_deadline(Instant now) {
  if (phase_ == Phase::reading && reader_.begun()) {
    keeps_alive_ = false;
    say(response_text(problem(408, {}, "the request did not come in time"), false, false), now);
  } else {
    phase_ = Phase::done;
  }
}

void HttpConnection::respond(const Response& response, Instant now) {
  if (phase_ != Phase::answering) return;
  say(response_text(response, keeps_alive_, head_only_), now);
}

void HttpConnection::turn_away(Instant now) {
  keeps_alive_ = false;
  say(response_text(problem(503, {}, "too many connections"), false, false), now);
}

void HttpConnection::receive(Instant now) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    phase_ = Phase::done;
    return;
  }
  if (!reader_.begun()) deadline_ = now + limits_.request_time_max;
  read_on({buffer.data(), static_cast<std::size_t>(count)}, now);
}

void HttpConnection::read_on(std::string_view bytes, Instant now) {
  const bool was_in_head = reader_.state() == RequestReader::State::head;
  in_ = bytes.substr(reader_.feed(bytes));
  switch (reader_.state()) {
    case RequestReader::State::head:
      break;
    case RequestReader::State::body:
      // Straight to the socket, whose buffer is empty at the beginning of a request; lost, it costs the peer some time.
      if (was_in_head && reader_.expects_continue() && in_.empty())
        (void)send(socket_, continue_text.data(), continue_text.size(), MSG_NOSIGNAL);
      break;
    case RequestReader::State::complete:
      keeps_alive_ = reader_.keeps_alive();
      request_taken_ = false;
      phase_ = Phase::answering;
      deadline_ = Instant::max();  // the handler's time is its own
      break;
    case RequestReader::State::refused:
      keeps_alive_ = false;
      say(response_text(reader_.refusal(), false, false), now);
      break;
  }
}

void HttpConnection::say(std::string text, Instant now) {
  out_ = std::move(text);
  sent_ = 0;
  phase_ = Phase::writing;
  deadline_ = now + limits_.request_time_max;
  write_on(now);
}

void HttpConnection::write_on(Instant now) {
  while (sent_ < out_.size()) {
    const ssize_t count = send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      phase_ = Phase::done;
      return;
    }
    sent_ += static_cast<std::size_t>(count);
  }
  out_ = {};
  if (keeps_alive_) {
    phase_ = Phase::reading;
    deadline_ = now + limits_.request_time_max;
    if (!in_.empty()) read_on(std::exchange(in_, {}), now);
    return;
  }
  // Closed with bytes unread, TCP would reset the connection and take the response away from the peer.
  shutdown(socket_, SHUT_WR);
  in_ = {};
  phase_ = Phase::draining;
  deadline_ = now + drain_time_max;
}

void HttpConnection::drain() {
  std::array<char, 16 * 1024> buffer;
  const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) drained_ += static_cast<std::size_t>(count);
  if (count <= 0 || drained_ > drain_bytes_max) phase_ = Phase::done;
}

}  // namespace sluice::api
