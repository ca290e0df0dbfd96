#include "gateway/normalize/recorded.h"

#include "gateway/normalize/base64.h"
#include "gateway/normalize/json_tape.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;

const Node* member(const JsonTape& tape, std::string_view key) {
  const std::uint32_t at = tape.find(0, key, key_hash(key));
  return at == Binding::nowhere ? nullptr : &tape.nodes()[at];
}

bool is_set(const JsonTape& tape, std::string_view key) {
  const Node* node = member(tape, key);
  return node != nullptr && (node->text == "true" || node->text == "1");
}

Result<std::string> payload_of(const JsonTape& tape) {
  if (const Node* encoded = member(tape, "payload_b64"); encoded != nullptr && encoded->kind == Node::Kind::text) {
    std::optional<std::string> bytes = parse_base64(encoded->text);
    if (!bytes) return invalid("'payload_b64' is not base 64");
    return *std::move(bytes);
  }
  const Node* payload = member(tape, "payload");
  if (payload == nullptr) return invalid("there is no 'payload', and no 'payload_b64'");
  if (payload->kind == Node::Kind::text) return std::string(payload->text);
  std::string text;
  if (payload->kind != Node::Kind::null)  // an empty payload, as mosquitto_sub writes it
    tape.append_json(text, static_cast<std::uint32_t>(payload - tape.nodes().data()));
  return text;
}

}  // namespace

Result<Recorded> read_recorded(std::string_view line) {
  JsonTape tape;
  if (const std::optional<Refusal> refusal = tape.read(line)) return invalid(refusal->reason);
  if (tape.nodes()[0].kind != Node::Kind::object) return invalid("a line must be a JSON object");
  const Node* topic = member(tape, "topic");
  if (topic == nullptr || topic->kind != Node::Kind::text || topic->text.empty()) return invalid("there is no 'topic'");
  Result<std::string> payload = payload_of(tape);
  if (!payload) return payload.error();
  return Recorded{std::string(topic->text), std::move(*payload), is_set(tape, "retain") || is_set(tape, "retained"),
                  is_set(tape, "topic_inferred")};
}

}  // namespace sluice::normalize
