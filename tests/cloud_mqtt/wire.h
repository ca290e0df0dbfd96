#pragma once

#include <string>

#include "tests/stage/scripted_broker.h"

namespace sluice::cloud_mqtt {

/// Of a PUBLISH with QoS 1: topic, packet id, and what follows.
struct Publish {
  explicit Publish(const stage::Packet& packet) {
    const std::size_t size = packet.number(0);
    topic = packet.body.substr(2, size);
    id = packet.number(2 + size);
    rest = packet.body.substr(4 + size);
    qos = packet.first >> 1 & 3;
    retain = (packet.first & 1) != 0;
    dup = (packet.first & 8) != 0;
  }
  std::string topic, rest;
  int id = 0, qos = 0;
  bool retain = false, dup = false;
};

inline std::string puback(int id, int reason = 0) {
  std::string body{static_cast<char>(id >> 8), static_cast<char>(id)};
  if (reason != 0) body += {static_cast<char>(reason), '\0'};
  return stage::ScriptedBroker::encode(0x40, body);
}

/// The next PUBLISH of the client; other packets are passed over.
inline std::optional<Publish> next_publish(stage::ScriptedBroker& broker) {
  for (;;) {
    const std::optional<stage::Packet> packet = broker.read();
    if (!packet) return std::nullopt;
    if (packet->type() == stage::publish) return Publish(*packet);
  }
}

}  // namespace sluice::cloud_mqtt
