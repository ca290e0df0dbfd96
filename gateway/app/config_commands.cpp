#include <algorithm>
#include <chrono>

#include "gateway/app/config_clouds.h"
#include "gateway/core/topic_filter.h"
#include "gateway/flow/only.h"
#include "gateway/normalize/schema.h"

namespace sluice::app {

using namespace std::chrono_literals;

namespace {

/// A list of words, or one alone.
std::vector<Value> words(Section& section, std::string_view key) {
  const auto* node = section.find(key);
  if (node == nullptr || !node->is_scalar()) return section.list(key);
  std::vector<Value> one;
  if (auto value = section.value(key)) one.push_back(std::move(*value));
  return one;
}

void read_from(Section& section, const std::vector<Cloud>& clouds, flow::Allow& entry) {
  if (section.find("from") == nullptr)
    section.required("from", "write who may: names of clouds, and api for the HTTP interface");
  for (const Value& from : words(section, "from")) {
    const auto cloud =
        std::find_if(clouds.begin(), clouds.end(), [&](const Cloud& each) { return each.name == from.text; });
    std::vector<std::string_view> names = {"api"};
    for (const Cloud& each : clouds) names.push_back(each.name);
    if (from.text != "api" && cloud == clouds.end())
      section.fail_at(
          from.node->place, "from",
          "'" + from.node->text + "' is neither a cloud nor api" + normalize::did_you_mean(from.node->text, names));
    else if (from.text != "api" && !cloud->downlink)
      section.fail_at(from.node->place, "from",
                      "no commands come from cloud '" + cloud->name + "': it has no downlink");
    entry.from.push_back(from.text);
  }
}

bool is_device(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size();
}

void read_entry(Section& section, const std::vector<Cloud>& clouds, CommandRules& rules) {
  flow::Allow& entry = rules.allow.emplace_back();
  read_from(section, clouds, entry);
  if (const auto device = section.required("device", "write a device or a pattern: tasmota/*")) {
    entry.device = device->text;
    if (entry.device != "*" && !is_device(entry.device))
      section.fail("device", "is a family and a name, as in tasmota/kitchen; * stands for any text");
  }
  if (section.find("commands") == nullptr)
    section.required("commands", "write which: names from `sluice schemas doc`, or '*' for all ordinary ones");
  for (const Value& command : words(section, "commands")) entry.commands.push_back(command.text);
  const auto* named = section.find("commands");
  rules.places.push_back(named != nullptr ? named->place : normalize::Place{});
  for (const Value& topic : words(section, "topics")) {
    if (!is_valid_filter(topic.text))
      section.fail_at(topic.node->place, "topics", "'" + topic.node->text + "' is not an MQTT topic filter");
    entry.topics.push_back(topic.text);
  }
}

void read_groups(Section& commands, flow::Intake::Groups& groups) {
  const auto* node = commands.find("groups");
  if (node == nullptr) return;
  if (!node->is_map()) return commands.fail("groups", "is a map from a group's device to the list of its members");
  for (const normalize::YamlNode::Member& member : node->members) {
    std::vector<std::string>& members = groups[member.key];
    const bool list = member.value.is_sequence() && !member.value.items.empty();
    for (const normalize::YamlNode& item : member.value.items) members.push_back(item.text);
    const bool devices = list && is_device(member.key) && std::all_of(members.begin(), members.end(), is_device);
    if (!devices)
      commands.fail_at(member.place, "groups",
                       "write a group and its members: tasmota/all_lights: [tasmota/lamp1, tasmota/lamp2]");
  }
}

}  // namespace

CommandRules read_command_rules(Section& file, const std::vector<Cloud>& clouds) {
  CommandRules rules;
  Section commands = file.section("commands");
  commands.duration("expire_after", rules.expire_after, {2s, 24h});
  commands.each("allow", [&](Section& entry) { read_entry(entry, clouds, rules); });
  read_groups(commands, rules.groups);
  if (rules.allow.empty())
    for (const Cloud& cloud : clouds)
      if (cloud.downlink)
        file.reading().warnings.add(
            file.find("clouds")->place,
            "cloud '" + cloud.name + "' may bring commands, but commands.allow lists nothing: all are refused");
  return rules;
}

void check_commands(const CommandRules& rules, const normalize::Commands& commands, normalize::Problems& problems) {
  for (std::size_t i = 0; i < rules.allow.size(); ++i) {
    const flow::Allow& entry = rules.allow[i];
    std::vector<std::string_view> names;
    for (const std::string& family : commands.families())
      if (flow::matches(entry.device.substr(0, entry.device.find('/')), family))
        for (const normalize::CommandSchema& command : commands.of_family(family)) names.push_back(command.name);
    const bool any_topic = [&] {
      for (const std::string& family : commands.families())
        for (const normalize::CommandSchema& command : commands.of_family(family))
          if (std::find(entry.commands.begin(), entry.commands.end(), command.name) != entry.commands.end() &&
              flow::matches(entry.device.substr(0, entry.device.find('/')), family) &&
              command.topic.text.starts_with('{') && !command.topic.text.starts_with("{device"))
            return true;
      return false;
    }();
    if (any_topic && entry.topics.empty())
      problems.add(rules.places[i],
                   "allow: this command may go to any topic: say which, as in topics: [garden/+/set]; without it the "
                   "entry allows nothing");
    for (const std::string& name : entry.commands)
      if (name != "*" && std::find(names.begin(), names.end(), name) == names.end())
        problems.add(rules.places[i], "allow: no family in use has a command '" + name + "' for " + entry.device +
                                          (names.empty() ? std::string() : normalize::did_you_mean(name, names)));
  }
}

}  // namespace sluice::app
