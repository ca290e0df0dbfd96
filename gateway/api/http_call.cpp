#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/api/header_fields.h"
#include "gateway/api/http_server.h"
#include "gateway/api/listen_socket.h"

namespace sluice::api {

namespace {

using std::chrono::steady_clock;

constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;

/// A socket whose every wait ends at one deadline.
class Caller {
 public:
  Caller(std::string place, Duration timeout) : place_(std::move(place)), deadline_(steady_clock::now() + timeout) {}
  ~Caller() {
    if (socket_ >= 0) close(socket_);
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  Result<> connect(const addrinfo& to) {
    if (socket_ >= 0) close(socket_);
    socket_ = ::socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = ::connect(socket_, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      if (const Result<> waited = wait(POLLOUT); !waited) return waited.error();
      socklen_t size = sizeof error;
      getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    return error == 0 ? Result<>() : failed(error);
  }

  Result<> send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) return failed(errno);
      if (count < 0) {
        if (const Result<> waited = wait(POLLOUT); !waited) return waited.error();
        continue;
      }
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Result<std::string> receive_all() {
    std::string all;
    std::array<char, 16 * 1024> buffer;
    for (;;) {
      const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
      if (count == 0) return all;
      if (count < 0 && errno != EAGAIN) return failed(errno);
      if (count < 0) {
        if (const Result<> waited = wait(POLLIN); !waited) return waited.error();
        continue;
      }
      all.append(buffer.data(), static_cast<std::size_t>(count));
      if (all.size() > answer_bytes_max) return unavailable(place_ + " does not stop answering");
    }
  }

 private:
  Result<> wait(short events) {
    const auto left = std::chrono::ceil<Duration>(deadline_ - steady_clock::now()).count();
    pollfd watched{socket_, events, 0};
    if (left > 0 && poll(&watched, 1, static_cast<int>(left)) != 0) return {};
    return unavailable(place_ + " does not answer in time");
  }
  Error failed(int error) const {
    return unavailable(place_ + " cannot be reached: " + std::generic_category().message(error));
  }

  std::string place_;
  Instant deadline_;
  int socket_ = -1;
};

/// A whole answer, its connection closed after it.
Result<HttpAnswer> read_answer(const std::string& text, const std::string& place) {
  const std::size_t head_end = text.find("\r\n\r\n");
  HttpAnswer answer;
  if (head_end != std::string::npos && text.starts_with("HTTP/1."))
    std::from_chars(text.data() + sizeof "HTTP/1.1", text.data() + head_end, answer.status);
  if (answer.status == 0) return unavailable(place + " does not answer in HTTP");
  answer.body = text.substr(head_end + 4);
  constexpr std::string_view length_field = "\r\ncontent-length: ";
  const std::string head = lower(std::string_view(text).substr(0, head_end));
  std::size_t length = 0;
  if (const std::size_t at = head.find(length_field); at != std::string::npos)
    std::from_chars(head.data() + at + length_field.size(), head.data() + head.size(), length);
  if (answer.body.size() < length) return unavailable(place + " broke off in the middle of its answer");
  return answer;
}

std::string request_text(const HttpCall& call) {
  std::string text = call.method + " " + call.path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!call.token.empty()) text += "Authorization: Bearer " + call.token + "\r\n";
  for (const auto& [name, value] : call.headers) text.append(name).append(": ").append(value).append("\r\n");
  if (call.method != "GET") text += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  return text + "Connection: close\r\n\r\n" + (call.method != "GET" ? call.body : "");
}

Result<> connect(Caller& caller, const HostPort& to, const std::string& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(to.host.c_str(), to.port.c_str(), &hints, &list); error != 0)
    return unavailable(place + " cannot be reached: " + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  Result<> connected = unavailable(place + " has no address");
  for (const addrinfo* entry = list; entry != nullptr && !connected; entry = entry->ai_next)
    connected = caller.connect(*entry);
  return connected;
}

}  // namespace

Result<HttpAnswer> http_call(std::string_view address, const HttpCall& call, Duration timeout) {
  const Result<HostPort> to = parse_host_port(address);
  if (!to) return to.error();
  const std::string place = "http://" + std::string(address);
  Caller caller(place, timeout);
  if (const Result<> connected = connect(caller, *to, place); !connected) return connected.error();
  if (const Result<> sent = caller.send(request_text(call)); !sent) return sent.error();
  const Result<std::string> text = caller.receive_all();
  if (!text) return text.error();
  return read_answer(*text, place);
}

Result<std::string> http_get(std::string_view address, std::string_view path, std::string_view token,
                             Duration timeout) {
  HttpCall call;
  call.path = path;
  call.token = token;
  Result<HttpAnswer> answer = http_call(address, call, timeout);
  if (!answer) return answer.error();
  if (answer->status == 200) return std::move(answer->body);
  return unavailable("http://" + std::string(address) + " answered " + std::to_string(answer->status) + ": " +
                     answer->body);
}

}  // namespace sluice::api
