#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/stage/process.h"

namespace sluice::stage {

/// One MQTT control packet as it stands on the wire (MQTT 5 section 2.1).
struct Packet {
  std::uint8_t first = 0;  ///< type and flags
  std::string body;        ///< without the fixed header

  int type() const { return first >> 4; }
  std::uint16_t number(std::size_t at) const;  ///< two bytes of the body
  bool has(std::string_view bytes) const { return body.find(bytes) != std::string::npos; }
};

enum PacketType {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  pingreq = 12,
  disconnect = 14
};

/// The broker's end of an MQTT connection, under the test's control byte by byte: what the client says is read only
/// when the test asks, and nothing is answered by itself. One connection at a time; one thread.
class ScriptedBroker {
 public:
  ScriptedBroker();
  ~ScriptedBroker();
  ScriptedBroker(const ScriptedBroker&) = delete;
  ScriptedBroker& operator=(const ScriptedBroker&) = delete;

  int port() const { return port_; }

  /// Waits for a connection; an earlier one is closed first.
  bool accept(std::chrono::milliseconds most = patience);
  /// The next packet of the client; nothing if none comes in that time, or the client has closed.
  std::optional<Packet> read(std::chrono::milliseconds most = patience);
  /// Whether the client closes without sending anything more.
  bool closed_silently(std::chrono::milliseconds most = patience);
  void send(const std::string& bytes);
  void close();

  /// Level in the CONNECT last read: 4 or 5. Packets are written and read accordingly.
  int level() const { return level_; }
  /// accept, CONNECT, CONNACK. The CONNECT.
  std::optional<Packet> greet(bool session_present, int code = 0);
  /// SUBSCRIBE, SUBACK that grants it. The SUBSCRIBE.
  std::optional<Packet> grant(std::size_t filters = 1, int granted = 1);

  void send_connack(bool session_present, int code);
  struct Publish {
    std::string topic, payload;
    int qos = 1;
    std::uint16_t id = 1;
    bool dup = false;
    bool retain = false;
    std::string properties{};  ///< MQTT 5, as they stand on the wire; at most 16383 bytes
  };
  void send_publish(const Publish& publish);
  std::string encode(const Publish& publish) const;
  static std::string encode(std::uint8_t first, const std::string& body);

 private:
  bool fill(std::size_t bytes, std::chrono::steady_clock::time_point deadline);

  int listener_ = -1;
  int socket_ = -1;
  int port_ = 0;
  int level_ = 5;
  std::string read_;  ///< and not yet taken
};

/// The packet ids of the next `count` packets, all of which must be PUBACKs.
std::vector<int> read_pubacks(ScriptedBroker& broker, std::size_t count);

}  // namespace sluice::stage
