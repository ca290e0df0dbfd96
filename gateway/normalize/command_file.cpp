#include "gateway/core/json_text.h"
#include "gateway/core/size_text.h"
#include "gateway/normalize/schema_file.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

/// YAML as JSON, with the types YAML gives: of a payload written as a map, and of JSON Schemas.
void append_json(std::string& out, const YamlNode& node, Problems& problems) {
  char separator = node.is_map() ? '{' : '[';
  if (node.is_map()) {
    for (const YamlNode::Member& member : node.members) {
      out += separator;
      append_json_string(out, member.key);
      out += ':';
      append_json(out, member.value, problems);
      separator = ',';
    }
    out += node.members.empty() ? "{}" : "}";
  } else if (node.is_sequence()) {
    for (const YamlNode& item : node.items) {
      out += separator;
      append_json(out, item, problems);
      separator = ',';
    }
    out += node.items.empty() ? "[]" : "]";
  } else {
    const Scalar scalar = read_scalar(node, problems);
    if (scalar.kind == Scalar::Kind::null)
      out += "null";
    else if (scalar.kind == Scalar::Kind::string)
      append_json_string(out, scalar.text);
    else
      out += scalar.text;
  }
}

std::vector<CommandSchema::Param> read_params(const YamlNode& node, Problems& problems) {
  std::vector<CommandSchema::Param> params;
  if (!node.is_map()) problems.add(node.place, "'params' must be a map, from a parameter's name to its JSON Schema");
  for (const YamlNode::Member& member : node.members) {
    if (!member.value.is_map())
      problems.add(member.value.place, "'" + member.key + "' must be a JSON Schema, as in { type: string }");
    CommandSchema::Param param{member.key, ""};
    append_json(param.json_schema, member.value, problems);
    params.push_back(std::move(param));
  }
  return params;
}

void read_payload(const YamlNode& node, CommandSchema& command, Problems& problems) {
  command.payload.place = node.place;
  command.payload_is_json = !node.is_scalar();
  if (node.is_scalar())
    command.payload.text = node.text;
  else
    append_json(command.payload.text, node, problems);
}

CommandSchema::Reply read_reply(const YamlNode& node, const std::string& family, Problems& problems) {
  CommandSchema::Reply reply;
  YamlMap map(node, "'reply'", problems);
  if (const std::optional<Text> message = map.require_text("message")) {
    reply.message = *message;
    if (reply.message.text.find('/') == std::string::npos) reply.message.text = family + "/" + reply.message.text;
  }
  reply.has = map.text_or("has", "");
  if (const YamlNode* is = map.find("is")) reply.is = read_scalar(*is, problems);
  if (const std::optional<Text> within = map.text("within")) {
    reply.within = parse_duration(within->text);
    if (!reply.within)
      problems.add(within->place, "'within' must be a duration such as 5s, not '" + within->text + "'");
  }
  map.finish();
  return reply;
}

}  // namespace

CommandSchema read_command(const YamlNode::Member& member, const std::string& family, Problems& problems) {
  CommandSchema command;
  command.name = member.key;
  command.place = member.place;
  check_name({member.key, member.place}, "a command", problems);
  YamlMap map(member.value, "a command", problems);
  command.about = map.text_or("about", "");
  if (const std::optional<Text> topic = map.require_text("topic")) command.topic = *topic;
  if (const YamlNode* params = map.find("params")) command.params = read_params(*params, problems);
  if (const YamlNode* payload = map.find("payload")) read_payload(*payload, command, problems);
  command.qos = static_cast<int>(map.count("qos", 1).value_or(1));
  command.retain = map.flag("retain").value_or(false);
  if (const YamlNode* reply = map.find("reply")) command.reply = read_reply(*reply, family, problems);
  map.finish();
  return command;
}

}  // namespace sluice::normalize
