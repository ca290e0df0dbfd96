#include <algorithm>

#include "gateway/core/json_text.h"
#include "gateway/normalize/json_tape.h"
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
    CommandSchema::Param param{member.key, "", member.value.place};
    append_json(param.json_schema, member.value, problems);
    params.push_back(std::move(param));
  }
  return params;
}

bool is_json_structure(const std::string& text) {
  JsonTape tape;
  return !tape.read(text) && tape.nodes()[0].is_container();
}

void read_payload(const YamlNode& node, CommandSchema& command, Problems& problems) {
  command.payload.place = node.place;
  if (node.is_scalar())
    command.payload.text = node.text;
  else if (node.kind != YamlNode::Kind::null)
    append_json(command.payload.text, node, problems);
  // Also JSON written as text: what a placeholder brings must not break out of its quotes.
  command.payload_is_json = is_json_structure(command.payload.text);
}

/// Names of parameters that stand beside `params`.
void read_optional(const YamlNode& node, CommandSchema& command, Problems& problems) {
  std::vector<std::string_view> known;
  for (const CommandSchema::Param& param : command.params) known.push_back(param.name);
  if (!node.is_sequence()) problems.add(node.place, "'optional' must be a list of parameters, as in [channel]");
  for (const YamlNode& item : node.items) {
    const auto param = std::find_if(command.params.begin(), command.params.end(),
                                    [&](const CommandSchema::Param& one) { return one.name == item.text; });
    if (param != command.params.end())
      param->optional = true;
    else
      problems.add(item.place, "there is no parameter '" + item.text + "'" + did_you_mean(item.text, known));
  }
}

/// `true`, `false`, or for which values of parameters.
void read_latest_wins(YamlMap& map, CommandSchema& command, Problems& problems) {
  const YamlNode* node = map.find("latest_wins");
  if (node == nullptr || node->is_scalar()) {
    command.latest_wins = map.flag("latest_wins").value_or(false);
    return;
  }
  command.latest_wins = true;
  command.latest_wins_where = read_where(*node, "latest_wins", problems);
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
  if (const YamlNode* optional = map.find("optional")) read_optional(*optional, command, problems);
  if (const YamlNode* payload = map.find("payload")) read_payload(*payload, command, problems);
  command.qos = static_cast<int>(map.count("qos", 1).value_or(1));
  const YamlNode* retain = map.find("retain");
  if (map.flag("retain").value_or(false))
    problems.add(retain->place, "a retained command would be executed again at every connection: leave 'retain' out");
  command.explicit_only = map.flag("explicit").value_or(false);
  read_latest_wins(map, command, problems);
  if (const YamlNode* reply = map.find("reply")) command.replies = read_replies(*reply, family, problems);
  map.finish();
  return command;
}

}  // namespace sluice::normalize
