#include "gateway/normalize/schema_file.h"

#include <algorithm>

#include "gateway/normalize/topic_pattern.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

constexpr std::string_view own_families[] = {"auto", "sluice"};

Settings read_settings(const YamlNode* node, Problems& problems) {
  Settings settings;
  if (node == nullptr) return settings;
  if (!node->is_map()) problems.add(node->place, "'settings' must be a map, as in { base: zigbee2mqtt }");
  for (const YamlNode::Member& member : node->members) {
    if (member.value.is_scalar())
      settings.emplace_back(member.key, member.value.text);
    else
      problems.add(member.value.place, "the setting '" + member.key + "' must be a single value");
  }
  return settings;
}

Settings with_changes(Settings settings, const Settings& changed, const Place& changed_at, Problems& problems) {
  for (const auto& [name, value] : changed) {
    const std::string& wanted = name;
    const auto own =
        std::find_if(settings.begin(), settings.end(), [&](const auto& one) { return one.first == wanted; });
    if (own != settings.end()) {
      own->second = value;
      continue;
    }
    std::vector<std::string_view> known;
    for (const auto& one : settings) known.push_back(one.first);
    problems.add(changed_at, "the family has no setting '" + name + "'" + did_you_mean(name, known));
  }
  return settings;
}

void fill_in_example_topics(YamlNode& examples, const Settings& settings, Problems& problems) {
  for (YamlNode& example : examples.items)
    for (YamlNode::Member& part : example.members)
      if (part.key == "topic") fill_in_settings(part.value, settings, problems);
}

/// Fills settings into everything of a message or command that is not prose and not an example.
YamlNode filled_in(YamlNode node, const Settings& settings, Problems& problems) {
  for (YamlNode::Member& member : node.members) {
    if (member.key == "about" || member.key == "reference") continue;
    if (member.key != "examples")
      fill_in_settings(member.value, settings, problems);
    else
      fill_in_example_topics(member.value, settings, problems);
  }
  return node;
}

/// Example topics are written for the settings as they stand in the file: moves one to the settings in effect, so that
/// `simulate` publishes where this gateway listens.
void move_topic(Example& example, const Text& file_topic, const Text& topic) {
  Problems ignored;
  const std::optional<TopicPattern> from = TopicPattern::parse(file_topic, false, ignored);
  const std::optional<TopicPattern> to = TopicPattern::parse(topic, false, ignored);
  if (!from || !to || from->names() != to->names()) return;
  std::vector<std::string_view> levels;
  split_levels(example.topic, levels);
  if (to->matches(levels) || !from->matches(levels)) return;
  std::vector<std::string_view> values;
  from->bind(levels, values);
  example.topic = to->render(values);
}

void read_messages(const YamlNode& list, Family& family, const Settings& file_settings, Problems& problems) {
  if (!list.is_sequence() || list.items.empty()) {
    problems.add(list.place, "'messages' must be a list of messages (- name: ...)");
    return;
  }
  for (const YamlNode& node : list.items) {
    Problems ignored;
    const YamlNode* topic = node.find("topic");
    YamlNode file_topic = topic != nullptr ? *topic : YamlNode{};
    fill_in_settings(file_topic, file_settings, ignored);
    MessageSchema message = read_message(filled_in(node, family.settings, problems), family.name, problems);
    for (Example& example : message.examples) move_topic(example, {file_topic.text, file_topic.place}, message.topic);
    if (const MessageSchema* earlier = message.name.empty() ? nullptr : family.message(message.name))
      problems.add(message.place, "there are two messages '" + message.name + "' (the first in line " +
                                      std::to_string(earlier->place.line) + ")");
    family.messages.push_back(std::move(message));
  }
}

void read_commands(const YamlNode& map, Family& family, Problems& problems) {
  if (!map.is_map()) problems.add(map.place, "'commands' must be a map, from a command's name to what it publishes");
  for (YamlNode::Member member : map.members) {
    member.value = filled_in(std::move(member.value), family.settings, problems);
    family.commands.push_back(read_command(member, family.name, problems));
  }
}

}  // namespace

void check_name(const Text& name, std::string_view what, Problems& problems) {
  const bool good = !name.text.empty() && name.text.size() <= 64 &&
                    name.text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!good)
    problems.add(name.place,
                 std::string(what) + " is called by a-z 0-9 _ -, at most 64 of them, not '" + name.text + "'");
}

std::optional<Family> read_family(const YamlNode& root, const Settings& changed, const Place& changed_at,
                                  Problems& problems) {
  YamlMap map(root, "a schema file", problems);
  Family family;
  family.place = root.place;
  if (const std::optional<Text> name = map.require_text("family")) {
    check_name(*name, "a family", problems);
    family.name = name->text;
    family.place = name->place;
    if (std::find(std::begin(own_families), std::end(own_families), name->text) != std::end(own_families))
      problems.add(name->place, "the family '" + name->text + "' is the gateway's own; choose another name");
  }
  family.title = map.text_or("title", family.name);
  family.about = map.text_or("about", "");
  family.reference = map.text_or("reference", "");
  const Settings file_settings = read_settings(map.find("settings"), problems);
  family.settings = with_changes(file_settings, changed, changed_at, problems);
  // A family may be nothing but commands.
  const YamlNode* commands = map.find("commands");
  const YamlNode* messages = commands != nullptr ? map.find("messages") : map.require("messages");
  if (messages != nullptr) read_messages(*messages, family, file_settings, problems);
  if (commands != nullptr) read_commands(*commands, family, problems);
  map.finish();
  if (family.name.empty()) return std::nullopt;
  return family;
}

}  // namespace sluice::normalize
