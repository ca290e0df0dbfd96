#include "gateway/normalize/explanation.h"

#include <algorithm>
#include <utility>

#include "gateway/normalize/document.h"
#include "gateway/normalize/topic_pattern.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t topics_shown = 3;
constexpr std::size_t near_max = 100;   ///< as if one level were wholly another
constexpr std::size_t near_level = 40;  ///< one level may have so little in common with a word of the schema, and count
constexpr std::size_t levels_max = 64;  ///< beyond that no schema has a topic

/// Whether the name of a reading, as an event has it, is one that `label` stands for: "ds18b20.temperature" is one of
/// "{sensor}.temperature".
bool stands_for(std::string_view label, std::string_view name) {
  const std::size_t open = label.find('{');
  if (open == std::string_view::npos) return label == name;
  const std::size_t close = label.find('}', open);
  if (close == std::string_view::npos || !name.starts_with(label.substr(0, open))) return false;
  label.remove_prefix(close + 1);
  for (std::size_t skip = open; skip <= name.size(); ++skip)
    if (stands_for(label, name.substr(skip))) return true;
  return false;
}

std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, changed}));
    }
  }
  return row[b.size()];
}

/// How far a level of a topic is from that of a schema: 0 the same, 100 nothing in common.
std::size_t level_distance(std::string_view pattern, std::string_view level) {
  if (pattern.find('{') != std::string_view::npos) return 10;
  constexpr std::size_t compared_max = 64;
  pattern = pattern.substr(0, compared_max);
  level = level.substr(0, compared_max);
  const std::size_t longest = std::max<std::size_t>({pattern.size(), level.size(), 1});
  return 100 * edits(pattern, level) / longest;
}

/// Levels that one has and the other lacks count as wholly different, but for what `{name...}` takes.
std::size_t topic_distance(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& topic) {
  std::vector<std::size_t> row(topic.size() + 1);
  for (std::size_t j = 0; j <= topic.size(); ++j) row[j] = 100 * j;
  for (std::size_t i = 1; i <= pattern.size(); ++i) {
    const std::size_t more = pattern[i - 1].ends_with("...}") ? 10 : 100;
    std::size_t diagonal = std::exchange(row[0], 100 * i);
    for (std::size_t j = 1; j <= topic.size(); ++j) {
      const std::size_t changed = diagonal + level_distance(pattern[i - 1], topic[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 100, row[j - 1] + more, changed}));
    }
  }
  return row[topic.size()];
}

/// Without a word in common `{a}/{b}/{c}` would be near to everything.
bool shares_a_word(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& topic) {
  for (const std::string_view word : pattern)
    for (const std::string_view level : topic)
      if (word.find('{') == std::string_view::npos && level_distance(word, level) < near_level) return true;
  return false;
}

Place place_of_when(const MessageSchema& schema) {
  for (const WhenSchema& when : schema.when)
    if (!when.pattern) return when.at.place;
  return schema.pattern ? schema.pattern->place : schema.place;
}

std::string name_and_place(const MessageSchema& schema) {
  return schema.full_name + " (" + place_text(schema.place) + ")";
}

std::string passed_text(const Trace::Asked& asked) {
  std::string out = "  not by " + name_and_place(*asked.schema) + ": ";
  if (!asked.unreadable.empty()) return out + asked.unreadable + "\n";
  return out + "it applies only if " + condition_text(*asked.schema) + " (" + place_text(place_of_when(*asked.schema)) +
         ")\n";
}

std::string at_text(const MessageSchema& schema, std::string_view field) {
  for (const ReadingSchema& reading : schema.readings)
    if (stands_for(reading.name.text, field)) return ", read at '" + reading.at.text + "'";
  return {};
}

std::string quarantined_text(const Trace& trace, const Fate& fate) {
  if (!trace.applied) return "quarantined: " + fate.reason + "\n";
  const MessageSchema& schema = *trace.asked.back().schema;
  std::string out = "quarantined by " + name_and_place(schema) + ": " + fate.reason + "\n";
  if (!fate.field.empty())
    out +=
        "  " + place_text(place_of_field(schema, fate.field)) + ": " + fate.field + at_text(schema, fate.field) + "\n";
  return out;
}

std::string nobody_text(const Library& library, std::string_view topic, const Trace& trace, const Fate& fate) {
  std::string out = fate.kind == Fate::Kind::understood ? "read as unmatched: " : "ignored: ";
  out += trace.asked.empty() ? "no schema has this topic" : "no schema of this topic applies";
  const auto near = nearest_topics(library, topic, topics_shown);
  out += near.empty() ? "\n" : "; others like it are\n";
  for (const TopicOf& one : near)
    out += "  " + one.topic->text + "  " + one.schema->full_name + " (" + place_text(one.topic->place) + ")\n";
  return out;
}

std::string taken_text(const Library& library, std::string_view topic, const Trace& trace, const Fate& fate) {
  if (trace.command) return "ignored: this is the topic of a command, which is never telemetry\n";
  if (fate.kind == Fate::Kind::quarantined) return quarantined_text(trace, fate);
  if (!trace.applied) return nobody_text(library, topic, trace, fate);
  const MessageSchema& schema = *trace.asked.back().schema;
  if (fate.kind == Fate::Kind::understood) return "read by " + name_and_place(schema) + "\n";
  return "ignored by " + name_and_place(schema) + ": nothing stands where it reads\n";
}

}  // namespace

std::string place_text(const Place& place) {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

Place place_of_field(const MessageSchema& schema, std::string_view field) {
  for (const ReadingSchema& reading : schema.readings)
    if (stands_for(reading.name.text, field) || reading.at.text == field) return reading.at.place;
  if (field == "pattern" && schema.pattern) return schema.pattern->place;
  if (field == "jq" && schema.jq) return schema.jq->place;
  if (schema.device && (field == "device" || schema.device->text.find(field) != std::string::npos))
    return schema.device->place;
  if (schema.presence && !schema.presence->at.text.empty()) return schema.presence->at.place;
  if (schema.each && schema.each->text == field) return schema.each->place;
  return schema.place;
}

std::vector<TopicOf> nearest_topics(const Library& library, std::string_view topic, std::size_t most) {
  std::vector<std::string_view> levels, pattern;
  split_levels(topic, levels);
  if (levels.size() > levels_max) return {};
  std::vector<std::pair<std::size_t, TopicOf>> found;
  std::vector<std::string_view> seen;
  for (const Family& family : library.families()) {
    for (const MessageSchema& message : family.messages) {
      for (const Text& one : message.topics) {
        if (std::find(seen.begin(), seen.end(), one.text) != seen.end()) continue;
        seen.push_back(one.text);
        split_levels(one.text, pattern);
        const std::size_t distance = topic_distance(pattern, levels);
        if (distance < near_max && shares_a_word(pattern, levels)) found.push_back({distance, {&message, &one}});
      }
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<TopicOf> nearest;
  for (std::size_t i = 0; i < found.size() && i < most; ++i) nearest.push_back(found[i].second);
  return nearest;
}

std::string explain(const Library& library, std::string_view topic, const Trace& trace, const Fate& fate) {
  std::string out = taken_text(library, topic, trace, fate);
  const std::size_t passed = trace.asked.size() - (trace.applied ? 1 : 0);
  for (std::size_t i = 0; i < passed; ++i) out += passed_text(trace.asked[i]);
  return out;
}

}  // namespace sluice::normalize
