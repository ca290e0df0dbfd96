#include "gateway/flow/permission.h"

#include <algorithm>

#include "gateway/core/topic_filter.h"
#include "gateway/flow/only.h"

namespace sluice::flow {

namespace {

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool covers_command(const Allow& entry, std::string_view command, bool by_name) {
  return has(entry.commands, command) || (!by_name && has(entry.commands, "*"));
}

bool covers_topic(const Allow& entry, std::string_view topic, bool must_name_topics) {
  if (entry.topics.empty()) return !must_name_topics;
  return std::any_of(entry.topics.begin(), entry.topics.end(),
                     [&](const std::string& filter) { return covers(filter, topic); });
}

}  // namespace

bool Permission::may(std::string_view origin, std::string_view device, std::string_view command) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Allow& entry) {
    return has(entry.from, origin) && matches(entry.device, device) && covers_command(entry, command, false);
  });
}

bool Permission::may(std::string_view origin, std::string_view device, std::string_view command,
                     const normalize::PreparedCommand& prepared) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Allow& entry) {
    return has(entry.from, origin) && matches(entry.device, device) &&
           covers_command(entry, command, prepared.explicit_only) &&
           covers_topic(entry, prepared.publish.topic, prepared.any_topic);
  });
}

bool Permission::names(std::string_view device) const {
  // A pattern names nothing, not even a device that is called like it.
  if (device.find('*') != std::string_view::npos) return false;
  return std::any_of(entries_.begin(), entries_.end(), [&](const Allow& entry) { return entry.device == device; });
}

bool Permission::reaches(std::string_view family, std::string_view command) const {
  const std::string prefix = std::string(family) + "/";
  return std::any_of(entries_.begin(), entries_.end(), [&](const Allow& entry) {
    // Patterns may begin with a star: all that could match a device of the family.
    const std::string literal = entry.device.substr(0, entry.device.find('*'));
    const std::size_t common = std::min(literal.size(), prefix.size());
    return covers_command(entry, command, false) && literal.compare(0, common, prefix, 0, common) == 0;
  });
}

}  // namespace sluice::flow
