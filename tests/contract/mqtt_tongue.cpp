#include "tests/contract/mqtt_tongue.h"

#include "tests/cloud_mqtt/wire.h"

namespace sluice::contract {

using stage::Packet;
using stage::PacketType;
using stage::ScriptedBroker;

namespace {

constexpr std::size_t id_size = 36;
constexpr std::uint16_t command_id = 4711;
/// Where outcomes are told (MQTT 5 section 4.10).
constexpr std::string_view answer_topic = "answers/me";

/// The fixed header (MQTT 5 section 2.1.1): how large it is, and what follows it.
struct Head {
  std::size_t size = 0, body = 0;
};

std::optional<Head> head_of(std::string_view bytes) {
  Head head{1, 0};
  for (int shift = 0; shift < 28; shift += 7) {
    if (head.size >= bytes.size()) return {};
    const auto byte = static_cast<unsigned char>(bytes[head.size++]);
    head.body |= static_cast<std::size_t>(byte & 127) << shift;
    if ((byte & 128) == 0) return head;
  }
  return {};
}

Packet packet_of(std::string_view message) {
  return {static_cast<std::uint8_t>(message[0]), std::string(message.substr(head_of(message)->size))};
}

std::string reason(Act act) {
  return act == Act::reject ? "\x99" : act == Act::defer ? "\x97" : "\x87";
}

}  // namespace

std::optional<std::size_t> MqttTongue::size(std::string_view bytes) const {
  const std::optional<Head> head = head_of(bytes);
  return head ? std::optional(head->size + head->body) : std::nullopt;
}

/// As a user property of MQTT 5, or in the event's JSON.
std::vector<std::string> MqttTongue::ids(std::string_view message) const {
  if (static_cast<unsigned char>(message[0]) >> 4 != PacketType::publish) return {};
  if (message.find(answer_topic) != std::string_view::npos) return {};
  for (const std::string& before : {std::string("\0\2id\0\x24", 6), std::string(R"("id":")")}) {
    const std::size_t at = message.find(before);
    if (at != std::string_view::npos) return {std::string(message.substr(at + before.size(), id_size))};
  }
  return {};
}

std::string MqttTongue::answer(std::string_view message, Act act) {
  const Packet packet = packet_of(message);
  switch (packet.type()) {
    case PacketType::connect:
      return greeting(packet.body, act);
    case PacketType::publish: {
      if ((packet.first & 6) == 0) return {};  // QoS 0
      const cloud_mqtt::Publish publish(packet);
      if (publish.topic == answer_topic) peer_.hears(publish.rest);
      return cloud_mqtt::puback(publish.id, act <= Act::late ? 0 : static_cast<unsigned char>(reason(act)[0]));
    }
    case PacketType::puback:
      peer_.was_acknowledged();
      return {};
    case PacketType::subscribe:
      subscribed_ = true;
      return grant(packet.body);
    case PacketType::pingreq:
      return ScriptedBroker::encode(0xD0, "");
    default:
      return {};
  }
}

/// With a reason string that repeats everything it was shown (MQTT 5 section 3.2.2.3.9).
std::string MqttTongue::greeting(std::string_view body, Act act) {
  level_ = body.at(6);
  if (act != Act::pause) return ScriptedBroker::encode(0x20, std::string("\0\0", 2) + properties());
  if (level_ == 4) return ScriptedBroker::encode(0x20, std::string("\0\4", 2));
  std::string shown;
  for (const char byte : body)
    if (byte >= ' ' && byte <= '~') shown += byte;
  const std::string text = std::string("\x1f") + static_cast<char>(shown.size() >> 8) + static_cast<char>(shown.size());
  return ScriptedBroker::encode(0x20, std::string("\0\x86", 2) + properties(text + shown));
}

std::string MqttTongue::grant(std::string_view body) const {
  return ScriptedBroker::encode(0x90, std::string(body.substr(0, 2)) + properties() + '\1');
}

std::string MqttTongue::properties(const std::string& all) const {
  return level_ == 5 ? ScriptedBroker::encode(0, all).substr(1) : std::string();  // a length before it, as a packet has
}

/// Once a connection, until it is acknowledged: a broker with a session.
std::string MqttTongue::unasked(Peer& peer) {
  const std::optional<std::string> command = peer.offered();
  if (!subscribed_ || offered_ || !command || peer.acknowledged() > 0) return {};
  offered_ = true;
  const auto size = static_cast<char>(command_topic_.size());
  std::string body = std::string(1, '\0') + size + command_topic_;
  body += {static_cast<char>(command_id >> 8), static_cast<char>(command_id & 255)};
  std::string response_topic;
  if (peer.outcomes_wanted())
    response_topic = std::string("\x08\0", 2) + static_cast<char>(answer_topic.size()) + std::string(answer_topic);
  return ScriptedBroker::encode(0x32, body + properties(response_topic) + *command);
}

std::vector<std::string> mqtt_garbage() {
  return {"",
          "HTTP/1.1 400 Bad Request\r\n\r\n",
          std::string("\x40\x02\x7f\x7f", 4),                                  // PUBACK of what was never sent
          std::string("\x40\x02\0", 3),                                        // half a PUBACK
          std::string("\x40\0", 2),                                            // PUBACK of nothing
          std::string("\xf0\0", 2),                                            // a type that does not belong here
          std::string("\x40\xff\xff\xff\xff\x7f", 6),                          // a length without an end
          std::string("\x30\xff\xff\xff\x7f", 5) + std::string(300'000, 'x'),  // 256 MB that never come
          std::string(1000, '\0')};
}

Connector make_mqtt(cloud_mqtt::Options options, const Setting& setting) {
  options.connect_wait = options.acknowledge_wait = options.answer_wait = setting.timeout;
  options.tls.ca_file = setting.ca_file;
  auto sink = *cloud_mqtt::MqttSink::make(std::move(options), setting.clock, setting.log);
  cloud_mqtt::MqttSink* const source = sink.get();
  return {std::move(sink), source};
}

}  // namespace sluice::contract
