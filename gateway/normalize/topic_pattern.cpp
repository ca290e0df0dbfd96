#include "gateway/normalize/topic_pattern.h"

#include <algorithm>
#include <optional>

#include "gateway/core/json_text.h"
#include "gateway/normalize/name_part.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t levels_max = 64;

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

using Level = TopicPattern::Level;

/// One level of a topic as it is written; `{name..3}` stands for up to so many.
struct Written {
  Level level;
  std::size_t most = 1;
};

/// `{name..3}` within its braces; 0 where the number is none or not from 2 to 9.
std::size_t take_most(std::string_view& name) {
  const std::size_t dots = name.find("..");
  if (dots == std::string_view::npos) return 1;
  const std::string_view count = name.substr(dots + 2);
  if (count.size() != 1 || count[0] < '2' || count[0] > '9') return 0;
  name = name.substr(0, dots);
  return static_cast<std::size_t>(count[0] - '0');
}

/// `{name}`, `{name...}` or `{name..3}`; nothing where a part of the level is a placeholder, or several are.
std::optional<Written> read_whole(std::string_view text) {
  if (text.front() != '{' || text.back() != '}') return std::nullopt;
  std::string_view name = text.substr(1, text.size() - 2);
  const bool rest = name.ends_with("...");
  if (rest) name.remove_suffix(3);
  const std::size_t most = rest ? 1 : take_most(name);
  if (!is_name(name) || most == 0) return std::nullopt;
  return Written{{rest ? Level::Kind::rest : Level::Kind::one, std::string(name), {}, {}}, most};
}

/// One level as written. Nothing is returned with the complaint in `wrong`.
std::optional<Written> read_level(std::string_view text, bool of_command, std::string& wrong) {
  if (text.find_first_of("+#") != std::string_view::npos) {
    wrong = "write {name} for one level and {name...} for the rest, not + and #";
    return std::nullopt;
  }
  if (text.find_first_of("{}") == std::string_view::npos)
    return Written{{Level::Kind::literal, std::string(text), {}, {}}};
  std::optional<Written> whole = read_whole(text);
  if (whole && whole->most > 1 && of_command) {
    wrong = "a command has one topic: write {" + whole->level.text + "...} for several levels";
    return std::nullopt;
  }
  if (whole) return whole;
  if (const std::optional<NamePart> part = NamePart::parse(text); part && is_name(part->name))
    return Written{{Level::Kind::inside, part->name, part->prefix, part->suffix, of_command ? 0U : 1U}};
  wrong =
      "a level may have one placeholder: {name}, a part as in relay_{name}, {name...}, or {name..3} with 2 to 9: '" +
      std::string(text) + "' is none of these";
  return std::nullopt;
}

/// From the first to the last of some levels of one topic.
std::string_view joined(std::string_view first, std::string_view last) {
  return {first.data(), static_cast<std::size_t>(last.data() + last.size() - first.data())};
}

std::string why_no_topic(const std::string& topic, std::size_t levels) {
  if (topic.empty()) return "a topic must not be empty";
  if (topic.size() > 65535) return "a topic has at most 65535 bytes";
  if (levels > levels_max) return "a topic of a schema has at most " + std::to_string(levels_max) + " levels";
  if (topic.find('\0') != std::string::npos || !is_utf8(topic)) return "a topic must be UTF-8 without NUL";
  return {};
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

std::vector<TopicPattern> TopicPattern::parse(const Text& topic, bool of_command, Problems& problems) {
  std::vector<std::string_view> parts;
  split_levels(topic.text, parts);
  std::string wrong = why_no_topic(topic.text, parts.size());
  std::vector<TopicPattern> patterns(1);
  bool has_several = false;
  for (std::size_t i = 0; i < parts.size() && wrong.empty(); ++i) {
    const std::optional<Written> written = read_level(parts[i], of_command, wrong);
    if (!written) break;
    const Level& level = written->level;
    const std::vector<std::string>& names = patterns[0].names_;
    if (level.kind != Level::Kind::literal && std::find(names.begin(), names.end(), level.text) != names.end())
      wrong = "the placeholder {" + level.text + "} stands here twice";
    const bool several = level.kind == Level::Kind::rest || written->most > 1;
    if (several && has_several) wrong = "only one placeholder of a topic may take several levels";
    if (level.kind == Level::Kind::rest && !of_command && i + 1 != parts.size())
      wrong = "{" + level.text + "...} must be the last level: elsewhere write {" + level.text + "..3} for up to three";
    has_several = has_several || several;
    for (TopicPattern& pattern : patterns) pattern.append(level);
    for (std::size_t more = 1; more < written->most; ++more) {
      patterns.push_back(patterns.back());
      patterns.back().levels_.push_back({Level::Kind::more, {}, {}, {}});
    }
  }
  if (wrong.empty()) return patterns;
  problems.add(topic.place, wrong);
  return {};
}

void TopicPattern::append(const Level& level) {
  levels_.push_back(level);
  if (level.kind != Level::Kind::literal) names_.push_back(level.text);
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
    if (levels_[i].kind == Level::Kind::more) values.back() = joined(values.back(), first);
    if (levels_[i].kind == Level::Kind::inside)
      values.push_back(
          first.substr(levels_[i].prefix.size(), first.size() - levels_[i].prefix.size() - levels_[i].suffix.size()));
    if (levels_[i].kind != Level::Kind::rest) continue;
    values.push_back(joined(first, topic[i + surplus]));
    after_rest = true;
  }
}

std::string TopicPattern::render(std::span<const std::string_view> values) const {
  std::string out;
  std::size_t next = 0;
  for (const Level& level : levels_) {
    if (level.kind == Level::Kind::more) continue;
    if (&level != &levels_.front()) out += '/';
    out += level.prefix;
    out += level.kind == Level::Kind::literal ? std::string_view(level.text) : values[next++];
    out += level.suffix;
  }
  return out;
}

}  // namespace sluice::normalize
