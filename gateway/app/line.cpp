#include "gateway/app/line.h"

#include <cerrno>
#include <system_error>

#include <sys/socket.h>
#include <unistd.h>

namespace sluice::app {

namespace {

/// Of the next piece, once it is there; 0 or less: there is none any more.
ssize_t next_size(int end) {
  ssize_t size = 0;
  do size = ::recv(end, nullptr, 0, MSG_PEEK | MSG_TRUNC);
  while (size < 0 && errno == EINTR);
  return size;
}

}  // namespace

Result<std::pair<Line, Line>> Line::make() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return unavailable("socketpair: " + std::system_category().message(errno));
  return std::pair(Line(ends[0]), Line(ends[1]));
}

Line& Line::operator=(Line&& other) noexcept {
  std::swap(end_, other.end_);
  return *this;
}

bool Line::send(std::string_view piece) const {
  ssize_t sent = 0;
  do sent = ::send(end_, piece.data(), piece.size(), MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(piece.size());
}

std::optional<std::string> Line::receive() const {
  const ssize_t size = next_size(end_);
  if (size <= 0) return std::nullopt;
  std::string piece(static_cast<std::size_t>(size), '\0');
  if (::recv(end_, piece.data(), piece.size(), 0) != size) return std::nullopt;
  return piece;
}

void Line::finish() const {
  ::shutdown(end_, SHUT_WR);
}

void Line::close() {
  if (end_ >= 0) ::close(end_);
  end_ = -1;
}

}  // namespace sluice::app
