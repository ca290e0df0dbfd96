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
    std::vector<std::string> values;
    if (member.value.is_scalar()) values.push_back(member.value.text);
    for (const YamlNode& item : member.value.items)
      if (item.is_scalar()) values.push_back(item.text);
    if (values.empty() || (member.value.is_sequence() && values.size() != member.value.items.size()))
      problems.add(member.value.place, "the setting '" + member.key + "' must be a value, or a list of values");
    else
      settings.emplace_back(member.key, std::move(values));
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

/// An example is published on one topic: of a setting with several values the first counts.
void fill_in_example_topics(YamlNode& examples, Settings settings, Problems& problems) {
  for (auto& [name, values] : settings) values.resize(1);
  for (YamlNode& example : examples.items)
    for (YamlNode::Member& part : example.members)
      if (part.key == "topic") fill_in_settings(part.value, settings, problems);
}

/// Fills settings into everything of a message or command that is not prose and not an example.
YamlNode filled_in(YamlNode node, const Settings& settings, bool several_topics, Problems& problems) {
  for (YamlNode::Member& member : node.members) {
    if (member.key == "about" || member.key == "reference") continue;
    if (member.key == "topic" && several_topics)
      spread_settings(member.value, settings, problems);
    else if (member.key != "examples")
      fill_in_settings(member.value, settings, problems);
    else
      fill_in_example_topics(member.value, settings, problems);
  }
  return node;
}

std::vector<TopicPattern> patterns_of(const std::vector<Text>& topics) {
  std::vector<TopicPattern> patterns;
  Problems ignored;
  for (const Text& topic : topics)
    for (TopicPattern& pattern : TopicPattern::parse(topic, false, ignored)) patterns.push_back(std::move(pattern));
  return patterns;
}

/// The same placeholders with the same values on the topic `to`; nothing where it has others.
std::optional<std::string> moved(const TopicPattern& from, const std::vector<std::string_view>& levels,
                                 const TopicPattern& to) {
  std::vector<std::string_view> values;
  from.bind(levels, values);
  std::vector<std::string_view> wanted;
  for (const std::string& name : to.names()) {
    const auto found = std::find(from.names().begin(), from.names().end(), name);
    if (found == from.names().end()) return std::nullopt;
    wanted.push_back(values[static_cast<std::size_t>(found - from.names().begin())]);
  }
  if (wanted.size() != values.size()) return std::nullopt;
  return to.render(wanted);
}

/// Example topics are written for the settings as they stand in the file: moves one to the settings in effect, so that
/// `simulate` publishes where this gateway listens.
void move_topic(Example& example, const std::vector<TopicPattern>& file, const std::vector<TopicPattern>& effective) {
  std::vector<std::string_view> levels;
  split_levels(example.topic, levels);
  const auto takes = [&](const TopicPattern& one) { return one.matches(levels); };
  if (std::any_of(effective.begin(), effective.end(), takes)) return;
  const auto from = std::find_if(file.begin(), file.end(), takes);
  if (from == file.end()) return;
  for (const TopicPattern& to : effective)
    if (std::optional<std::string> topic = moved(*from, levels, to)) {
      example.topic = *std::move(topic);
      return;
    }
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
    spread_settings(file_topic, file_settings, ignored);
    MessageSchema message = read_message(filled_in(node, family.settings, true, problems), family.name, problems);
    const std::vector<TopicPattern> from = patterns_of(read_topics(file_topic, ignored));
    const std::vector<TopicPattern> to = patterns_of(message.topics);
    for (Example& example : message.examples) move_topic(example, from, to);
    if (const MessageSchema* earlier = message.name.empty() ? nullptr : family.message(message.name))
      problems.add(message.place, "there are two messages '" + message.name + "' (the first in line " +
                                      std::to_string(earlier->place.line) + ")");
    family.messages.push_back(std::move(message));
  }
}

void read_commands(const YamlNode& map, Family& family, Problems& problems) {
  if (!map.is_map()) problems.add(map.place, "'commands' must be a map, from a command's name to what it publishes");
  for (YamlNode::Member member : map.members) {
    member.value = filled_in(std::move(member.value), family.settings, false, problems);
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
