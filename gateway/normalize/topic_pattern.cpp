#include "gateway/normalize/topic_pattern.h"

#include <algorithm>

#include "gateway/core/json_text.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t levels_max = 64;

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// `POWER{channel}`; nothing if it is not of this form.
std::optional<TopicPattern::Level> read_inside(std::string_view text) {
  const std::size_t begin = text.find('{');
  const std::size_t end = text.find('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return std::nullopt;
  const std::string_view prefix = text.substr(0, begin);
  const std::string_view name = text.substr(begin + 1, end - begin - 1);
  const std::string_view suffix = text.substr(end + 1);
  if (!is_name(name) || suffix.find_first_of("{}") != std::string_view::npos) return std::nullopt;
  using Level = TopicPattern::Level;
  return Level{Level::Kind::inside, std::string(name), std::string(prefix), std::string(suffix)};
}

/// One level as written. Nothing is returned with the complaint in `wrong`.
std::optional<TopicPattern::Level> read_level(std::string_view text, bool of_command, std::string& wrong) {
  using Level = TopicPattern::Level;
  if (text.find_first_of("+#") != std::string_view::npos) {
    wrong = "write {name} for one level and {name...} for the rest, not + and #";
    return std::nullopt;
  }
  if (text.find_first_of("{}") == std::string_view::npos) return Level{Level::Kind::literal, std::string(text), {}, {}};
  std::string_view name = text;
  if (name.front() == '{' && name.back() == '}') {
    name = name.substr(1, name.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    if (is_name(name)) return Level{rest ? Level::Kind::rest : Level::Kind::one, std::string(name), {}, {}};
  }
  if (of_command)
    if (std::optional<Level> inside = read_inside(text)) return inside;
  wrong = "a placeholder must be a whole level, as in a/{name}/b: '" + std::string(text) + "' is not";
  return std::nullopt;
}

}  // namespace

void split_levels(std::string_view topic, std::vector<std::string_view>& levels) {
  levels.clear();
  while (true) {
    const std::size_t end = topic.find('/');
    levels.push_back(topic.substr(0, end));
    if (end == std::string_view::npos) return;
    topic.remove_prefix(end + 1);
  }
}

std::optional<TopicPattern> TopicPattern::parse(const Text& topic, bool of_command, Problems& problems) {
  std::vector<std::string_view> parts;
  split_levels(topic.text, parts);
  std::string wrong;
  if (topic.text.empty())
    wrong = "a topic must not be empty";
  else if (topic.text.size() > 65535)
    wrong = "a topic has at most 65535 bytes";
  else if (parts.size() > levels_max)
    wrong = "a topic of a schema has at most " + std::to_string(levels_max) + " levels";
  else if (topic.text.find('\0') != std::string::npos || !is_utf8(topic.text))
    wrong = "a topic must be UTF-8 without NUL";
  TopicPattern pattern;
  std::size_t rests = 0;
  for (std::size_t i = 0; i < parts.size() && wrong.empty(); ++i) {
    const std::optional<Level> level = read_level(parts[i], of_command, wrong);
    if (!level) break;
    pattern.levels_.push_back(*level);
    if (level->kind == Level::Kind::literal) continue;
    if (std::find(pattern.names_.begin(), pattern.names_.end(), level->text) != pattern.names_.end())
      wrong = "the placeholder {" + level->text + "} stands here twice";
    pattern.names_.push_back(level->text);
    if (level->kind != Level::Kind::rest) continue;
    if (++rests > 1 || (!of_command && i + 1 != parts.size()))
      wrong = "{" + level->text + "...} must be the last level, and there is only one";
  }
  if (wrong.empty()) return pattern;
  problems.add(topic.place, wrong);
  return std::nullopt;
}

std::string TopicPattern::filter() const {
  std::string out;
  for (const Level& level : levels_) {
    if (!out.empty() || &level != &levels_.front()) out += '/';
    if (level.kind == Level::Kind::rest) return out + '#';
    out += level.kind == Level::Kind::literal ? level.text : "+";
  }
  return out;
}

std::size_t TopicPattern::rest_at() const {
  std::size_t i = 0;
  while (i < levels_.size() && levels_[i].kind != Level::Kind::rest) ++i;
  return i;
}

bool TopicPattern::matches(std::span<const std::string_view> topic) const {
  const std::size_t rest = rest_at();
  if (topic.size() < levels_.size() || (topic.size() > levels_.size() && rest == levels_.size())) return false;
  if (topic[0].starts_with('$') && levels_[0].kind != Level::Kind::literal) return false;
  const std::size_t surplus = topic.size() - levels_.size();
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const std::string_view level = topic[i > rest ? i + surplus : i];
    if (levels_[i].kind == Level::Kind::literal && levels_[i].text != level) return false;
    if (levels_[i].kind == Level::Kind::inside && !levels_[i].takes(level)) return false;
  }
  return true;
}

void TopicPattern::bind(std::span<const std::string_view> topic, std::vector<std::string_view>& values) const {
  values.clear();
  const std::size_t surplus = topic.size() - levels_.size();
  bool after_rest = false;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const std::string_view first = topic[after_rest ? i + surplus : i];
    if (levels_[i].kind == Level::Kind::one) values.push_back(first);
    if (levels_[i].kind == Level::Kind::inside)
      values.push_back(
          first.substr(levels_[i].prefix.size(), first.size() - levels_[i].prefix.size() - levels_[i].suffix.size()));
    if (levels_[i].kind != Level::Kind::rest) continue;
    const std::string_view last = topic[i + surplus];
    values.emplace_back(first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data()));
    after_rest = true;
  }
}

std::string TopicPattern::render(std::span<const std::string_view> values) const {
  std::string out;
  std::size_t next = 0;
  for (const Level& level : levels_) {
    if (&level != &levels_.front()) out += '/';
    out += level.prefix;
    out += level.kind == Level::Kind::literal ? std::string_view(level.text) : values[next++];
    out += level.suffix;
  }
  return out;
}

}  // namespace sluice::normalize
