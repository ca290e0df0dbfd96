#include "tests/stage/scripted_broker.h"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::stage {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool readable(int socket, SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
  pollfd wanted{socket, POLLIN, 0};
  return poll(&wanted, 1, static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count())) > 0;
}

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

std::string text(const std::string& value) {
  return number(value.size()) + value;
}

}  // namespace

std::uint16_t Packet::number(std::size_t at) const {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(body.at(at)) << 8) |
                                    static_cast<unsigned char>(body.at(at + 1)));
}

ScriptedBroker::ScriptedBroker() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  SLUICE_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), length) == 0);
  SLUICE_ASSERT(listen(listener_, 8) == 0);
  SLUICE_ASSERT(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  port_ = ntohs(address.sin_port);
}

ScriptedBroker::~ScriptedBroker() {
  close();
  ::close(listener_);
}

bool ScriptedBroker::accept(std::chrono::milliseconds most) {
  close();
  if (!readable(listener_, SteadyClock::now() + most)) return false;
  socket_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket_ >= 0;
}

bool ScriptedBroker::fill(std::size_t bytes, SteadyClock::time_point deadline) {
  while (read_.size() < bytes) {
    if (!readable(socket_, deadline)) return false;
    std::array<char, 65536> buffer;
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    read_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<Packet> ScriptedBroker::read(std::chrono::milliseconds most) {
  const auto deadline = SteadyClock::now() + most;
  std::size_t length = 0;
  std::size_t header = 1;
  for (int shift = 0;; shift += 7) {
    if (!fill(header + 1, deadline)) return {};
    const auto byte = static_cast<unsigned char>(read_[header++]);
    length |= static_cast<std::size_t>(byte & 127) << shift;
    if ((byte & 128) == 0) break;
  }
  if (!fill(header + length, deadline)) return {};
  Packet packet{static_cast<std::uint8_t>(read_[0]), read_.substr(header, length)};
  read_.erase(0, header + length);
  if (packet.type() == PacketType::connect) level_ = packet.body.at(6);
  return packet;
}

bool ScriptedBroker::closed_silently(std::chrono::milliseconds most) {
  if (!read_.empty() || !readable(socket_, SteadyClock::now() + most)) return false;
  char byte = 0;
  return recv(socket_, &byte, 1, 0) <= 0;
}

void ScriptedBroker::send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

void ScriptedBroker::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  read_.clear();
}

std::optional<Packet> ScriptedBroker::greet(bool session_present, int code) {
  if (!accept()) return {};
  std::optional<Packet> packet = read();
  if (packet) send_connack(session_present, code);
  return packet;
}

std::optional<Packet> ScriptedBroker::grant(std::size_t filters, int granted) {
  std::optional<Packet> packet = read();
  if (!packet || packet->type() != PacketType::subscribe) return {};
  const std::string properties = level_ == 5 ? std::string(1, '\0') : std::string();
  send(encode(0x90, packet->body.substr(0, 2) + properties + std::string(filters, static_cast<char>(granted))));
  return packet;
}

void ScriptedBroker::send_connack(bool session_present, int code) {
  std::string body{static_cast<char>(session_present), static_cast<char>(code)};
  if (level_ == 5) body += '\0';
  send(encode(0x20, body));
}

std::string ScriptedBroker::encode(const Publish& publish) const {
  const int flags = (publish.dup ? 8 : 0) | (publish.qos << 1) | (publish.retain ? 1 : 0);
  std::string body = text(publish.topic);
  if (publish.qos > 0) body += number(publish.id);
  if (level_ == 5) body += encode(0, publish.properties).substr(1);  // a length before it, as a packet has
  return encode(static_cast<std::uint8_t>(0x30 | flags), body + publish.payload);
}

void ScriptedBroker::send_publish(const Publish& publish) {
  send(encode(publish));
}

std::string ScriptedBroker::encode(std::uint8_t first, const std::string& body) {
  std::string bytes(1, static_cast<char>(first));
  std::size_t left = body.size();
  do {
    bytes += static_cast<char>((left & 127) | (left > 127 ? 128 : 0));
    left >>= 7;
  } while (left > 0);
  return bytes + body;
}

std::vector<int> read_pubacks(ScriptedBroker& broker, std::size_t count) {
  std::vector<int> ids;
  while (ids.size() < count) {
    const std::optional<Packet> packet = broker.read();
    if (!packet || packet->type() != PacketType::puback) break;
    ids.push_back(packet->number(0));
  }
  return ids;
}

}  // namespace sluice::stage
