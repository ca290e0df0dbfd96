#include "gateway/core/size_text.h"
#include "gateway/normalize/schema_file.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

using Reply = CommandSchema::Reply;

constexpr Duration within_max = std::chrono::minutes(10);

std::vector<Scalar> read_scalars(const YamlNode& node, Problems& problems) {
  if (!node.is_sequence()) return {read_scalar(node, problems)};
  std::vector<Scalar> scalars;
  for (const YamlNode& item : node.items) scalars.push_back(read_scalar(item, problems));
  if (scalars.empty()) problems.add(node.place, "an empty list: nothing could be among it");
  return scalars;
}

/// `result`, `[result, switched]`, each of the own family unless it names another.
std::vector<Text> read_messages(const YamlNode& node, const std::string& family, Problems& problems) {
  std::vector<Text> messages;
  const auto add = [&](const YamlNode& one) {
    if (!one.is_scalar()) return problems.add(one.place, "'message' must be the name of a message, or a list of them");
    const bool full = one.text.find('/') != std::string::npos;
    messages.push_back({full ? one.text : family + "/" + one.text, one.place});
  };
  if (node.is_sequence())
    for (const YamlNode& item : node.items) add(item);
  else
    add(node);
  if (node.is_sequence() && node.items.empty()) problems.add(node.place, "'message' is an empty list");
  return messages;
}

CommandSchema::Wanted read_wanted(const YamlNode& node, Problems& problems) {
  CommandSchema::Wanted wanted;
  wanted.place = node.place;
  if (node.is_map()) {
    YamlMap map(node, "'is' is a value, or it", problems);
    if (const std::optional<Text> of = map.require_text("of")) wanted.param = of->text;
    if (const YamlNode* values = map.find("map")) wanted.map = read_value_map(*values, problems);
    map.finish();
    return wanted;
  }
  wanted.value = read_scalar(node, problems);
  const std::string& text = wanted.value.text;
  if (wanted.value.kind == Scalar::Kind::string && text.size() > 2 && text.front() == '{' && text.back() == '}')
    wanted.param = text.substr(1, text.size() - 2);
  return wanted;
}

CommandSchema::Failed read_failed(const YamlNode& node, Problems& problems) {
  CommandSchema::Failed failed;
  YamlMap map(node, "'failed'", problems);
  if (const std::optional<Text> has = map.require_text("has")) failed.has = *has;
  if (const YamlNode* is = map.find("is")) failed.is = read_scalars(*is, problems);
  map.finish();
  return failed;
}

Reply read_reply(const YamlNode& node, const std::string& family, Problems& problems) {
  Reply reply;
  YamlMap map(node, "a reply", problems);
  if (const YamlNode* message = map.require("message")) reply.messages = read_messages(*message, family, problems);
  if (const std::optional<Text> has = map.text("has")) reply.has = *has;
  if (const YamlNode* where = map.find("where")) reply.where = read_where(*where, "where", problems);
  if (const YamlNode* is = map.find("is")) reply.is = read_wanted(*is, problems);
  if (const YamlNode* failed = map.find("failed")) reply.failed = read_failed(*failed, problems);
  if (const std::optional<Text> within = map.text("within")) {
    const std::optional<Duration> read = parse_duration(within->text);
    if (!read || *read <= Duration(0) || *read > within_max)
      problems.add(within->place, "'within' must be a duration such as 5s, at most 10m, not '" + within->text + "'");
    else
      reply.within = *read;
  }
  map.finish();
  return reply;
}

}  // namespace

std::vector<CommandSchema::Where> read_where(const YamlNode& node, std::string_view key, Problems& problems) {
  std::vector<CommandSchema::Where> where;
  if (!node.is_map() || node.members.empty())
    problems.add(node.place,
                 "'" + std::string(key) + "' must say which values of which parameters, as in { channel: [null, 1] }");
  for (const YamlNode::Member& member : node.members)
    where.push_back({member.key, read_scalars(member.value, problems), member.place});
  return where;
}

std::vector<Reply> read_replies(const YamlNode& node, const std::string& family, Problems& problems) {
  if (!node.is_sequence()) return {read_reply(node, family, problems)};
  std::vector<Reply> replies;
  for (const YamlNode& item : node.items) replies.push_back(read_reply(item, family, problems));
  if (replies.empty()) problems.add(node.place, "'reply' is an empty list; leave it out where nothing answers");
  return replies;
}

}  // namespace sluice::normalize
