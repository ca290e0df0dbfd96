#include "tests/local_broker/tls_relay.h"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::local_broker {
namespace {

constexpr std::size_t record_max = 16'384;  // RFC 8446 section 5.1
constexpr int turn_ms = 20;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool readable(int socket) {
  pollfd wanted{socket, POLLIN, 0};
  return poll(&wanted, 1, turn_ms) > 0;
}

}  // namespace

TlsRelay::TlsRelay(const stage::Certificate& certificate, int target_port)
    : context_(SSL_CTX_new(TLS_server_method())),
      target_port_(target_port),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  SLUICE_ASSERT(SSL_CTX_use_certificate_chain_file(context_, certificate.cert_file.c_str()) == 1);
  SLUICE_ASSERT(SSL_CTX_use_PrivateKey_file(context_, certificate.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  SLUICE_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0);
  SLUICE_ASSERT(listen(listener_, 8) == 0);
  SLUICE_ASSERT(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

TlsRelay::~TlsRelay() {
  thread_.request_stop();
  thread_.join();
  close(listener_);
  SSL_CTX_free(context_);
}

void TlsRelay::run(const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    if (!readable(listener_)) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    serve(client, stop);
    close(client);
  }
}

void TlsRelay::serve(int client, const std::stop_token& stop) const {
  SSL* tls = SSL_new(context_);
  SSL_set_fd(tls, client);
  const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(target_port_);
  bool open = SSL_accept(tls) == 1 && connect(target, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  std::array<char, record_max> buffer{};
  while (open && !stop.stop_requested()) {
    std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {target, POLLIN, 0}}};
    if (SSL_pending(tls) == 0) poll(ends.data(), ends.size(), turn_ms);
    if (ends[0].revents != 0 || SSL_pending(tls) > 0) {
      const int count = SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()));
      open = count > 0 && send(target, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
    }
    if (open && ends[1].revents != 0) {
      const ssize_t count = recv(target, buffer.data(), buffer.size(), 0);
      open = count > 0 && SSL_write(tls, buffer.data(), static_cast<int>(count)) == count;
    }
  }
  close(target);
  SSL_free(tls);
}

}  // namespace sluice::local_broker
