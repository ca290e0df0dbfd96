#include "gateway/normalize/settings.h"

#include <algorithm>

namespace sluice::normalize {

namespace {

const std::string* value_of(const std::string& name, const Settings& settings) {
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
    if (const std::string* value = value_of(name, settings))
      out += *value;
    else
      report_unknown(name, place, settings, problems);
    from = end + 1;
  }
}

}  // namespace

void fill_in_settings(YamlNode& node, const Settings& settings, Problems& problems) {
  if (node.is_scalar() && node.text.find("${") != std::string::npos)
    node.text = filled_in(node.text, node.place, settings, problems);
  for (YamlNode& item : node.items) fill_in_settings(item, settings, problems);
  for (YamlNode::Member& member : node.members) fill_in_settings(member.value, settings, problems);
}

}  // namespace sluice::normalize
