#include "gateway/normalize/command_plan.h"

#include <algorithm>

namespace sluice::normalize {

namespace {

using Names = std::vector<std::string_view>;
using Level = TopicPattern::Level;

void check_known(std::string_view name, const Names& known, const Place& place, Problems& problems) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  problems.add(place, "nothing here is called {" + std::string(name) + "}" + did_you_mean(name, known));
}

void check_param(std::string_view name, const CommandSchema& command, const Place& place, Problems& problems) {
  if (command.param(name) != nullptr) return;
  Names known;
  for (const CommandSchema::Param& param : command.params) known.push_back(param.name);
  problems.add(place, "there is no parameter '" + std::string(name) + "'" + did_you_mean(name, known));
}

void check_placeholders(const Text& text, const CommandSchema& command, Problems& problems) {
  for (const std::string_view name : placeholders_of(text.text)) check_param(name, command, text.place, problems);
}

const MessageSchema* find_message(const std::vector<Family>& families, std::string_view full_name) {
  for (const Family& family : families)
    for (const MessageSchema& message : family.messages)
      if (message.full_name == full_name) return &message;
  return nullptr;
}

void check_message(const std::vector<Family>& families, const Text& name, Problems& problems) {
  if (find_message(families, name.text) != nullptr) return;
  Names names;
  for (const Family& family : families)
    for (const MessageSchema& message : family.messages) names.push_back(message.full_name);
  problems.add(name.place, "there is no message '" + name.text + "'" + did_you_mean(name.text, names));
}

void check_where(const std::vector<CommandSchema::Where>& where, const CommandSchema& command, Problems& problems) {
  for (const CommandSchema::Where& one : where) check_param(one.param, command, one.place, problems);
}

void check_reply(const CommandSchema::Reply& reply, const CommandSchema& command, Problems& problems) {
  check_placeholders(reply.has, command, problems);
  check_where(reply.where, command, problems);
  if (reply.failed) check_placeholders(reply.failed->has, command, problems);
  if (!reply.is) return;
  if (!reply.is->param.empty()) check_param(reply.is->param, command, reply.is->place, problems);
  if (reply.has.text.empty() && (reply.is->param.empty() || !reply.is->map.empty()))
    problems.add(reply.is->place, "'is' needs 'has', or must be a {parameter} that is an object");
}

CommandPlan::Param compile_param(const CommandSchema::Param& param, const CommandPlan& plan, Problems& problems) {
  std::string wrong;
  CommandPlan::Param compiled{&param, ParamSchema::compile(param.json_schema, wrong)};
  if (!wrong.empty()) problems.add(param.place, "the parameter '" + param.name + "': " + wrong);
  if (param.name == "device")
    problems.add(param.place, "a parameter must not be called 'device': {device} is the device");
  const std::vector<Level>& levels = plan.topic.levels();
  const bool whole_level = std::any_of(levels.begin(), levels.end(), [&](const Level& level) {
    return level.text == param.name && (level.kind == Level::Kind::one || level.kind == Level::Kind::rest);
  });
  if (param.optional && whole_level)
    problems.add(param.place,
                 "the parameter '" + param.name + "' is a whole level of the topic: it cannot be optional");
  return compiled;
}

}  // namespace

std::optional<CommandPlan> compile_command(const std::vector<Family>& families, const Family& family,
                                           const CommandSchema& command, Problems& problems) {
  if (command.topic.text.empty()) return std::nullopt;
  std::vector<TopicPattern> topic = TopicPattern::parse(command.topic, true, problems);
  if (topic.empty()) return std::nullopt;
  CommandPlan plan;
  plan.family = &family;
  plan.schema = &command;
  plan.topic = std::move(topic.front());
  const Level& first = plan.topic.levels().front();
  plan.any_topic = first.kind != Level::Kind::literal && first.text != "device";
  plan.payload = PayloadTemplate(command.payload.text, command.payload_is_json);
  Names known{"device"};
  for (const CommandSchema::Param& param : command.params) known.push_back(param.name);
  for (const std::string& name : plan.topic.names()) check_known(name, known, command.topic.place, problems);
  for (const std::string& name : plan.payload.placeholders()) check_known(name, known, command.payload.place, problems);
  for (const CommandSchema::Param& param : command.params) plan.params.push_back(compile_param(param, plan, problems));
  check_where(command.latest_wins_where, command, problems);
  for (const CommandSchema::Reply& reply : command.replies) {
    for (const Text& message : reply.messages) check_message(families, message, problems);
    check_reply(reply, command, problems);
  }
  return plan;
}

}  // namespace sluice::normalize
