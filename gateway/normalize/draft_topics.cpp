#include "gateway/normalize/draft_topics.h"

#include <algorithm>
#include <array>

#include "gateway/normalize/draft_words.h"
#include "gateway/normalize/topic_pattern.h"

namespace sluice::normalize {

namespace {

constexpr double alike = 0.5;       ///< so many of the fields of both
constexpr double very_alike = 0.8;  ///< then more than one level may differ
constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

std::vector<std::string> levels_of(std::string_view topic) {
  std::vector<std::string_view> levels;
  split_levels(topic, levels);
  return {levels.begin(), levels.end()};
}

/// Words that say what a message is, and never which device it is from.
bool says_what(const std::string& level) {
  static constexpr std::array words = {
      "sensor", "sensors", "state",  "status", "tele",    "stat",   "cmnd",         "home",   "house",  "lwt",
      "data",   "event",   "events", "value",  "values",  "json",   "xml",          "csv",    "result", "info",
      "up",     "down",    "out",    "in",     "devices", "device", "availability", "online", "devs",   "measurement"};
  const std::string plain = plain_word(level);
  if (std::find(words.begin(), words.end(), plain) != words.end() || plain.find("mqtt") != std::string::npos)
    return true;
  const Quantity quantity = quantity_of(level, 400, 800);
  return quantity.has_no_unit || !quantity_of(level, 10, 20).unit.empty();
}

int device_likeness(const std::string& level, std::size_t at, std::size_t count) {
  int likeness = says_what(level) ? -4 : 0;
  const auto digits = std::count_if(level.begin(), level.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits > 0) likeness += 2;
  if (at == 0 && count > 1) likeness -= 2;
  if (at > 0 && at + 1 < count) likeness += 1;
  return likeness;
}

bool can_stand(const std::string& level) {
  return level.find_first_of("{}+#$") == std::string::npos;
}

/// The levels in which the topic is none of the shape's.
std::vector<std::size_t> differing(const TopicShape& shape, const std::vector<std::string>& levels) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < levels.size(); ++i)
    if (!shape.levels[i].empty() && shape.levels[i] != levels[i]) all.push_back(i);
  return all;
}

bool may_join(const TopicShape& shape, const TopicSeen& seen, const std::vector<std::string>& levels) {
  if (shape.levels.size() != levels.size()) return false;
  const double likeness = shape.look.likeness(seen.look);
  const std::vector<std::size_t> other = differing(shape, levels);
  if (other.empty()) return true;
  if (likeness < alike || (other.size() > 1 && likeness < very_alike) || other.size() + 1 > levels.size()) return false;
  // A bare value is what its topic's last level calls it.
  const bool bare = seen.look.format == Format::text && !seen.look.presence;
  return !bare || other.back() + 1 < levels.size();
}

void join(TopicShape& shape, const TopicSeen& seen, const std::vector<std::string>& levels) {
  for (const std::size_t i : differing(shape, levels)) shape.levels[i].clear();
  shape.topics[seen.topic] = seen.messages;
}

/// Shapes that came to the same topic and format are one: the first would take what is the other's.
void unite(std::vector<TopicShape>& shapes) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    for (std::size_t k = i + 1; k < shapes.size();) {
      if (shapes[i].pattern() == shapes[k].pattern() && shapes[i].look.add(shapes[k].look)) {
        shapes[i].topics.merge(shapes[k].topics);
        shapes.erase(shapes.begin() + static_cast<std::ptrdiff_t>(k));
      } else {
        ++k;
      }
    }
  }
}

}  // namespace

std::size_t TopicShape::device_level() const {
  std::size_t best = nowhere;
  const bool varies = std::any_of(levels.begin(), levels.end(), [](const auto& level) { return level.empty(); });
  int best_likeness = 0;
  const std::vector<std::string> some = levels_of(topics.begin()->first);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (varies && !levels[i].empty()) continue;
    const int likeness = device_likeness(some[i], i, levels.size());
    if (best != nowhere && likeness < best_likeness) continue;
    best = i;
    best_likeness = likeness;
  }
  return varies || levels.size() > 1 ? best : nowhere;
}

std::string TopicShape::pattern() const {
  const std::size_t device = device_level();
  std::string out;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (i > 0) out += '/';
    if (i == device)
      out += "{device}";
    else
      out += levels[i].empty() ? "{level" + std::to_string(i + 1) + "}" : levels[i];
  }
  return out;
}

std::string TopicShape::device() const {
  const std::size_t device = device_level();
  if (device == nowhere) return plain_word(levels[0]).empty() ? "device" : plain_word(levels[0]);
  std::string out;
  std::size_t placeholders = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (i != device && !levels[i].empty()) continue;
    out += (++placeholders > 1 ? "/" : "") + (i == device ? "{device}" : "{level" + std::to_string(i + 1) + "}");
  }
  return placeholders > 1 ? out : "";
}

std::string TopicShape::subject() const {
  const std::size_t device = device_level();
  for (std::size_t i = levels.size(); i-- > 0;)
    if (i != device && !levels[i].empty()) return levels[i];
  return {};
}

std::vector<TopicShape> topic_shapes(const std::vector<TopicSeen>& topics, const std::string& filter) {
  std::vector<TopicShape> shapes;
  const std::vector<std::string> wanted = levels_of(filter);
  for (const TopicSeen& seen : topics) {
    std::vector<std::string> levels = levels_of(seen.topic);
    if (!std::all_of(levels.begin(), levels.end(), can_stand)) continue;
    const std::vector<std::string> named = levels;
    for (std::size_t i = 0; i < levels.size() && i < wanted.size(); ++i)
      if (wanted[i] == "+") levels[i].clear();
    bool joined = false;
    for (TopicShape& shape : shapes) {
      joined = may_join(shape, seen, named) && shape.look.add(seen.look);
      if (!joined) continue;
      join(shape, seen, named);
      break;
    }
    if (!joined) shapes.push_back({std::move(levels), {{seen.topic, seen.messages}}, seen.look});
  }
  unite(shapes);
  return shapes;
}

}  // namespace sluice::normalize
