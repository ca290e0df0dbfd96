#include "gateway/normalize/commands.h"

#include <algorithm>

#include "gateway/core/json_text.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/payload.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {
namespace {

using namespace normalize;
using Form = CommandMessage::Form;

const std::string family = R"(
family: t
messages:
  - { name: result, topic: 's/{device}/RESULT', format: json, readings: { power: /POWER, level: /LEVEL, command: /Command } }
commands:
  power:
    topic: c/{device}/POWER{channel}
    params: { state: { type: string, enum: ["ON", "OFF", TOGGLE] }, channel: { type: integer, minimum: 1, maximum: 32 } }
    optional: [channel]
    payload: "{state}"
    latest_wins: { state: ["ON", "OFF"] }
    reply: { message: result, has: 'power{channel}', is: { of: state, map: { "ON": true, "OFF": false } }, within: 7s }
  level:
    topic: c/{device...}/level
    params: { level: { type: number, minimum: 0, multipleOf: 0.5, default: 50 } }
    payload: "{level}"
  json:
    topic: c/{device...}/json
    params: { value: {}, text: { type: string }, key: { type: string, default: k } }
    optional: [value, text]
    payload: { whole: "{value}", text: "<{text}>", list: ["{value}", 1], "{key}": true, device: "{device}" }
    reply: { message: result, is: "{value}" }
  written:
    topic: c/{device}/written
    params: { text: { type: string, maxLength: 5000 } }
    payload: '{"text":"{text}"}'
  plain:
    topic: c/{place}/{rest...}/x
    params: { place: { type: string }, rest: { type: string, pattern: "^[a-z/]*$", not: { pattern: bad } } }
    payload: "a {rest} {{place}} { no} {device}"
  odd:
    topic: c/{device}/odd
    params:
      a: { type: array, items: { type: [integer, "null"] }, maxItems: 5, uniqueItems: true }
      o: { type: object, required: [x], properties: { x: { type: number } }, additionalProperties: { anyOf: [{ type: string, maxLength: 8 }, { const: 5 }] } }
      w: { type: string, format: date-time }
      c: { oneOf: [{ type: number, exclusiveMinimum: 0 }, { type: boolean }] }
    optional: [a, o, w, c]
    payload: { a: "{a}", o: "{o}", w: "{w}", c: "{c}" }
)";

void check_name(const std::string& name, std::size_t size_max) {
  require(name.size() <= size_max && is_utf8(name), "names are short texts", name);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  require(std::none_of(name.begin(), name.end(), is_control), "without control characters", name);
}

void check_text(const CommandText& command, Form form) {
  check_name(command.id, 128);
  check_name(command.device, 256);
  check_name(command.name, 64);
  require_clean_object(command.params, "params", 65);
  require(command.status == 400 || command.status == 413, "a refusal has its status", command.refusal);
  require(command.refusal.find('\n') == std::string::npos && is_utf8(command.refusal), "and says why", command.refusal);
  if (!command.refusal.empty()) return;
  require(!command.device.empty() && !command.name.empty(), "a command has device and name");
  require(!command.id.empty() || form == Form::params || form == Form::method, "and an id");
  require(command.params.size() <= command_bytes_max, "and is bounded");
}

/// What was read, written again, must be read as the same.
void check_again(const CommandText& command) {
  CommandMessage message;
  message.text = object_of({{"id", command.id.empty() ? "x" : command.id},
                            {"device", command.device},
                            {"command", command.name},
                            {"expires_at", command.expires_at}},
                           {{"params", command.params}});
  if (message.text.size() > command_bytes_max) return;
  const std::vector<CommandText> again = read_commands(message);
  require(again.size() == 1 && again[0].refusal.empty(), "a command can be read again", message.text);
  require(
      again[0].device == command.device && again[0].name == command.name && again[0].expires_at == command.expires_at,
      "as the same", message.text);
  require(rewritten(again[0].params) == rewritten(command.params), "with the same params", message.text);
}

void check_prepared(const Commands& commands, const CommandText& command) {
  const Commands::Prepared prepared = commands.prepare(command.device, command.name, command.params);
  if (!prepared.command) {
    require(prepared.refusal.status == 400 || prepared.refusal.status == 404, "refused for a reason");
    require(!prepared.refusal.reason.empty() && is_utf8(prepared.refusal.reason), "which is told",
            prepared.refusal.reason);
    require(prepared.refusal.reason.find('\n') == std::string::npos, "in one line", prepared.refusal.reason);
    return;
  }
  const CommandPublish& publish = prepared.command->publish;
  require(!publish.topic.empty() && publish.topic.size() <= 65'535 && is_utf8(publish.topic), "a topic", publish.topic);
  const auto unfit = [](unsigned char c) { return c == '+' || c == '#' || c < 0x20 || c == 0x7f; };
  require(std::none_of(publish.topic.begin(), publish.topic.end(), unfit), "for one device", publish.topic);
  require(publish.topic.starts_with("c/"), "below what the schema says", publish.topic);
  const std::string& name = command.name;
  if (name == "json" || name == "written" || name == "odd")
    require(is_json_object(publish.payload), "whose payload is JSON", publish.payload);
}

void run(std::string_view input) {
  static const Commands commands(library_of(family));
  const auto form = static_cast<Form>(take_choice(input, 5));
  CommandMessage message{form, std::string(input), "7", "t/d", "power"};
  if (form == Form::method) message.device.clear();
  const std::vector<CommandText> read = read_commands(message);
  require(read.size() <= 1000, "a list has its bound");
  require(!read.empty() || form == Form::commands || form == Form::settings, "a command is never without an answer");
  for (const CommandText& command : read) {
    check_text(command, form);
    if (!command.refusal.empty()) continue;
    check_again(command);
    check_prepared(commands, command);
  }
}

const Target target("commands", run);

}  // namespace
}  // namespace sluice::fuzz
