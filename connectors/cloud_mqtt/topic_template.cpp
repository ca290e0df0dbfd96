#include "connectors/cloud_mqtt/topic_template.h"

#include <algorithm>
#include <optional>

namespace sluice::cloud_mqtt {

namespace {

constexpr std::size_t topic_bytes_max = 65'535;  // MQTT 5 section 1.5.4

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

/// A value of a record in a topic; `out` ends where a level begins or in the middle of one.
void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '/' && (out.empty() || out.back() == '/')) out += '_';
    if (c == '+' || c == '#' || c == '%' || is_control(c))
      append_escaped(out, c);
    else
      out += c;
  }
}

std::string_view before_slash(std::string_view text) {
  return text.substr(0, text.find('/'));
}

std::string_view after_slash(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash == std::string_view::npos ? text : text.substr(slash + 1);
}

Error refused(std::string_view text, const std::string& why) {
  return config_error("'" + std::string(text) + "' cannot be a topic: " + why);
}

std::optional<Error> wrong_levels(std::string_view text) {
  if (text.empty()) return refused(text, "it is empty");
  if (text.find_first_of("+#") != std::string_view::npos)
    return refused(text, "+ and # are for subscriptions; a message has one topic");
  if (std::any_of(text.begin(), text.end(), is_control)) return refused(text, "it holds a control character");
  if (text.front() == '$') return refused(text, "topics that begin with $ belong to the broker");
  if (text.front() == '/' || text.back() == '/' || text.find("//") != std::string_view::npos)
    return refused(text, "a level between slashes is empty");
  if (text.size() > 1024) return refused(text, "it is longer than 1024 bytes");
  return std::nullopt;
}

}  // namespace

const std::vector<std::string>& TopicTemplate::placeholders() {
  static const std::vector<std::string> names = {"gateway", "device", "family", "name", "schema", "kind", "topic"};
  return names;
}

Result<TopicTemplate> TopicTemplate::parse(std::string_view text, std::string_view gateway_id) {
  if (const auto wrong = wrong_levels(text)) return *wrong;
  TopicTemplate made;
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '}') return refused(text, "a } has no {");
    if (text[at] != '{') {
      literal += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return refused(text, "a { is not closed");
    const std::string_view name = text.substr(at + 1, end - at - 1);
    const auto known = std::find(placeholders().begin(), placeholders().end(), name);
    if (known == placeholders().end()) {
      std::string all;
      for (const std::string& each : placeholders()) all += (all.empty() ? "{" : " {") + each + "}";
      return refused(text, "{" + std::string(name) + "} is not known; there are " + all);
    }
    at = end + 1;
    const auto value = static_cast<Value>(known - placeholders().begin());
    if (value == Value::literal) {  // the gateway's id is the same in every topic
      literal += gateway_id;
      continue;
    }
    if (!literal.empty()) made.parts_.push_back({Value::literal, std::move(literal)});
    literal.clear();
    made.parts_.push_back({value, {}});
  }
  if (!literal.empty()) made.parts_.push_back({Value::literal, std::move(literal)});
  return made;
}

void TopicTemplate::append_part(std::string& out, const Part& part, const Record& record) {
  switch (part.value) {
    case Value::literal:
      if (part.text.front() == '/' && out.ends_with('/')) out += '_';
      out += part.text;
      return;
    case Value::device:
      return append_value(out, record.device);
    case Value::family:
      return append_value(out, before_slash(record.device));
    case Value::name:
      return append_value(out, after_slash(record.device));
    case Value::schema:
      return append_value(out, record.schema);
    case Value::kind:
      out += name_of(record.kind);
      return;
    case Value::topic:
      return append_value(out, topic_of(record).value_or(record.schema));
  }
}

bool TopicTemplate::append_topic(std::string& out, std::span<const Record> records) const {
  std::string topic;
  for (const Part& part : parts_) {
    const bool level_begins = topic.empty() || topic.back() == '/';
    const std::size_t before = topic.size();
    append_part(topic, part, records.front());
    if (level_begins && topic.size() == before) topic += '_';
  }
  if (topic.back() == '/') topic += '_';
  if (topic.front() == '$') topic.insert(0, "_");
  if (topic.size() > topic_bytes_max) return false;
  out += topic;
  return true;
}

bool TopicTemplate::together(const Record& one, const Record& other) const {
  if (!varies()) return true;
  std::string first;
  std::string second;
  return append_topic(first, {&one, 1}) && append_topic(second, {&other, 1}) && first == second;
}

std::string TopicTemplate::literal_levels() const {
  if (parts_.empty() || parts_.front().value != Value::literal) return {};
  const std::string& text = parts_.front().text;
  if (parts_.size() == 1) return text;
  const std::size_t slash = text.rfind('/');
  return slash == std::string::npos ? std::string() : text.substr(0, slash);
}

bool TopicTemplate::varies() const {
  return parts_.size() > 1 || parts_.front().value != Value::literal;
}

}  // namespace sluice::cloud_mqtt
