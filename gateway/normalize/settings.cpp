#include "gateway/normalize/settings.h"

#include <algorithm>

namespace sluice::normalize {

namespace {

/// More combinations than any message has topics.
constexpr std::size_t combinations_max = 100;

const std::vector<std::string>* values_of(const std::string& name, const Settings& settings) {
  const auto found = std::find_if(settings.begin(), settings.end(), [&](const auto& one) { return one.first == name; });
  return found == settings.end() ? nullptr : &found->second;
}

void report_unknown(const std::string& name, const Place& place, const Settings& settings, Problems& problems) {
  std::vector<std::string_view> known;
  for (const auto& [key, value] : settings) known.push_back(key);
  problems.add(place, "'${" + name + "}' is none of this family's settings" + did_you_mean(name, known));
}

std::string filled_in(const std::string& text, const Place& place, const Settings& settings, Problems& problems) {
  std::string out;
  std::size_t from = 0;
  while (true) {
    const std::size_t begin = text.find("${", from);
    const std::size_t end = begin == std::string::npos ? begin : text.find('}', begin);
    if (end == std::string::npos) return out + text.substr(from);
    out.append(text, from, begin - from);
    const std::string name = text.substr(begin + 2, end - begin - 2);
    const std::vector<std::string>* values = values_of(name, settings);
    if (values == nullptr)
      report_unknown(name, place, settings, problems);
    else
      out += values->front();
    if (values != nullptr && values->size() > 1)
      problems.add(place, "the setting '" + name + "' is a list: only a message's 'topic' can hold it");
    from = end + 1;
  }
}

/// The settings with one value each, once for every combination of those values that `text` names.
std::vector<Settings> combinations(const std::string& text, const Settings& settings) {
  std::vector<Settings> all = {settings};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto& [name, values] = settings[i];
    if (values.size() < 2 || text.find("${" + name + "}") == std::string::npos) continue;
    std::vector<Settings> wider;
    for (const std::string& value : values)
      for (const Settings& one : all) {
        if (wider.size() > combinations_max) break;
        wider.push_back(one);
        wider.back()[i].second = {value};
      }
    all = std::move(wider);
  }
  return all;
}

void spread(const YamlNode& node, const Settings& settings, std::vector<YamlNode>& out, Problems& problems) {
  if (!node.is_scalar()) {
    out.push_back(node);
    return;
  }
  const std::vector<Settings> all = combinations(node.text, settings);
  if (all.size() > combinations_max)
    problems.add(node.place, "more than " + std::to_string(combinations_max) + " combinations of settings");
  Problems told;  // once is enough
  for (const Settings& one : all) {
    out.push_back(node);
    out.back().text = filled_in(node.text, node.place, one, &one == &all.front() ? problems : told);
  }
}

}  // namespace

void fill_in_settings(YamlNode& node, const Settings& settings, Problems& problems) {
  if (node.is_scalar() && node.text.find("${") != std::string::npos)
    node.text = filled_in(node.text, node.place, settings, problems);
  for (YamlNode& item : node.items) fill_in_settings(item, settings, problems);
  for (YamlNode::Member& member : node.members) fill_in_settings(member.value, settings, problems);
}

void spread_settings(YamlNode& node, const Settings& settings, Problems& problems) {
  std::vector<YamlNode> items;
  if (node.is_sequence())
    for (const YamlNode& item : node.items) spread(item, settings, items, problems);
  else
    spread(node, settings, items, problems);
  if (!node.is_sequence() && items.size() == 1) {
    node = std::move(items.front());
    return;
  }
  node.kind = YamlNode::Kind::sequence;
  node.items = std::move(items);
}

}  // namespace sluice::normalize
