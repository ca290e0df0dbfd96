#include "connectors/transport/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <system_error>

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <unistd.h>

namespace sluice::transport {

namespace {

constexpr Duration stop_noticed_within(50);

const char* const connecting = "connecting to";
const char* const shaking_hands = "the TLS handshake with";
const char* const sending = "sending to";
const char* const reading = "the answer of";

std::string system_text(int error) {
  return std::generic_category().message(error);
}

int new_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// What to change, where OpenSSL's own words do not say it.
std::string with_advice(const std::string& complaint) {
  if (complaint.find("wrong version number") != std::string::npos) return complaint + " (is this port one for TLS?)";
  if (complaint.find("certificate required") != std::string::npos ||
      complaint.find("handshake failure") != std::string::npos)
    return complaint + " (does the peer want a client certificate? tls.cert_file and tls.key_file)";
  return complaint;
}

int size_for_openssl(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

Connection::Connection(int socket, std::string place) : socket_(socket), place_(std::move(place)) {}

Connection::~Connection() {
  const int fd = socket_;
  release();
  if (fd >= 0) close(fd);
}

void Connection::release() {
  if (ssl_) SSL_shutdown(ssl_.get());  // says goodbye; nobody waits for an answer
  ERR_clear_error();
  ssl_.reset();
  socket_ = -1;
}

Connection::Opened Connection::open(Lookup& lookup, TlsContext* tls, const std::string& place,
                                    const Patience& patience) {
  Lookup::Found found = lookup.find(patience);
  if (const auto* failure = std::get_if<Failure>(&found)) return *failure;
  return open(std::get<std::vector<Address>>(found), tls, place, patience);
}

Connection::Opened Connection::open(const std::vector<Address>& addresses, TlsContext* tls, const std::string& place,
                                    const Patience& patience) {
  Failure failure{Failure::Kind::network, "connecting to " + place + ": its name has no address"};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    std::unique_ptr<Connection> connection(new Connection(new_socket(addresses[i].bytes.ss_family), place));
    const Duration share = patience.left() / static_cast<int>(addresses.size() - i);
    const Patience part{std::chrono::steady_clock::now() + share, patience.stop};
    if (connection->connect(addresses[i], part) && (tls == nullptr || connection->shake_hands(*tls, patience)))
      return connection;
    failure = connection->failure_;
    if (failure.kind != Failure::Kind::network) break;
  }
  return failure;
}

bool Connection::connect(const Address& address, const Patience& patience) {
  int error = 0;
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) != 0) error = errno;
  if (error == EINPROGRESS) {
    if (!wait(POLLOUT, connecting, patience)) return false;
    socklen_t size = sizeof error;
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return true;
  fail(Failure::Kind::network, connecting, system_text(error));
  return false;
}

bool Connection::shake_hands(TlsContext& tls, const Patience& patience) {
  ssl_ = tls.connection(socket_);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_.get());
    if (result == 1) return true;
    if (again(result, shaking_hands, patience)) continue;
    if (const std::string refusal = tls.take_refusal(); !refusal.empty())
      fail(Failure::Kind::tls, shaking_hands, refusal);
    return false;
  }
}

std::string Connection::certificate() const {
  X509* shown = ssl_ ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  if (shown == nullptr) return "none";
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name.data(), static_cast<int>(name.size()));
  std::tm until{};
  std::array<char, 32> date{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(shown), &until) == 1) std::strftime(date.data(), date.size(), "%F", &until);
  return "'" + std::string(name.data()) + "', valid until " + date.data();
}

bool Connection::usable() {
  char byte;
  if (!ssl_) return recv(socket_, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
  ERR_clear_error();
  const int result = SSL_peek(ssl_.get(), &byte, 1);  // takes in session tickets, which may come at any time
  return result <= 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

ssize_t Connection::read(char* to, std::size_t size, const Patience& patience) {
  for (;;) {
    if (ssl_) {
      ERR_clear_error();
      const int result = SSL_read(ssl_.get(), to, size_for_openssl(size));
      if (result > 0) return result;
      if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN) return 0;
      if (!again(result, reading, patience)) return -1;
      continue;
    }
    const ssize_t result = recv(socket_, to, size, 0);
    if (result >= 0) return result;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(Failure::Kind::network, reading, system_text(errno)), -1;
    if (!wait(POLLIN, reading, patience)) return -1;
  }
}

ssize_t Connection::write(const char* from, std::size_t size, const Patience& patience) {
  for (;;) {
    if (ssl_) {
      ERR_clear_error();
      const int result = SSL_write(ssl_.get(), from, size_for_openssl(size));
      if (result > 0) return result;
      if (!again(result, sending, patience)) return -1;
      continue;
    }
    const ssize_t result = send(socket_, from, size, MSG_NOSIGNAL);
    if (result >= 0) return result;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(Failure::Kind::network, sending, system_text(errno)), -1;
    if (!wait(POLLOUT, sending, patience)) return -1;
  }
}

bool Connection::wait(short events, const char* doing, const Patience& patience) {
  for (;;) {
    if (patience.stop.stop_requested()) return fail(Failure::Kind::stopped, doing, "stopped"), false;
    const Duration left = patience.left();
    if (left == Duration::zero()) return fail(Failure::Kind::network, doing, "took too long"), false;
    pollfd watched{socket_, events, 0};
    const int ready = poll(&watched, 1, static_cast<int>(std::min(left, stop_noticed_within).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return fail(Failure::Kind::network, doing, system_text(errno)), false;
  }
}

bool Connection::again(int result, const char* doing, const Patience& patience) {
  const int error_number = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, doing, patience);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, doing, patience);
    case SSL_ERROR_SYSCALL:
      fail(Failure::Kind::network, doing, error_number != 0 ? system_text(error_number) : "the connection was closed");
      return false;
    case SSL_ERROR_ZERO_RETURN:
      fail(Failure::Kind::network, doing, "the connection was closed");
      return false;
    default:
      break;
  }
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    fail(Failure::Kind::network, doing, "the connection was closed");
  else
    fail(Failure::Kind::tls, doing, with_advice(openssl_complaint()));
  return false;
}

void Connection::fail(Failure::Kind kind, const char* doing, const std::string& why) {
  failure_ = {kind, std::string(doing) + " " + place_ + ": " + why};
}

}  // namespace sluice::transport
