#include <algorithm>

#include "gateway/normalize/schema_file.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

constexpr std::size_t topics_max = 100;
const std::vector<std::string_view> formats = {"json", "csv", "xml", "text"};
const std::vector<std::string_view> kinds = {"reading", "occurrence", "presence"};

/// One text, or a list of them.
std::vector<Text> read_texts(const YamlNode& node, std::string_view key, Problems& problems) {
  std::vector<Text> texts;
  if (node.is_scalar()) texts.push_back({node.text, node.place});
  for (const YamlNode& item : node.items)
    if (item.is_scalar()) texts.push_back({item.text, item.place});
  if (texts.empty() || (node.is_sequence() && texts.size() != node.items.size()))
    problems.add(node.place, "'" + std::string(key) + "' must be a text, or a list of texts");
  return texts;
}

WhenSchema read_condition(const YamlNode& node, Format format, Problems& problems) {
  WhenSchema when;
  if (node.is_scalar()) {
    when.pattern = format == Format::text && node.text == "pattern";
    when.at = {node.text, node.place};
    return when;
  }
  YamlMap map(node, "'when' is an address, or it", problems);
  if (const std::optional<Text> at = map.require_text("at")) when.at = *at;
  when.matches = map.text("matches");
  const YamlNode* is = when.matches ? map.find("is") : map.require("is");
  if (is != nullptr && when.matches) problems.add(is->place, "'is' or 'matches', not both");
  if (is != nullptr) {
    if (is->is_sequence())
      for (const YamlNode& item : is->items) when.is.push_back(read_scalar(item, problems));
    else
      when.is.push_back(read_scalar(*is, problems));
    if (when.is.empty()) problems.add(is->place, "'is' is an empty list: nothing could apply");
  }
  map.finish();
  return when;
}

/// One condition, or a list of which all must hold.
std::vector<WhenSchema> read_when(const YamlNode& node, Format format, Problems& problems) {
  if (!node.is_sequence()) return {read_condition(node, format, problems)};
  std::vector<WhenSchema> all;
  for (const YamlNode& item : node.items) all.push_back(read_condition(item, format, problems));
  if (all.empty()) problems.add(node.place, "'when' is an empty list; leave it out where there is no condition");
  return all;
}

TimeSchema read_time(const YamlNode& node, Problems& problems) {
  TimeSchema time;
  time.place = node.place;
  time.zone = "local";
  if (node.is_scalar()) {
    time.at = {node.text, node.place};
    return time;
  }
  YamlMap map(node, "'time' is an address, or it", problems);
  if (const std::optional<Text> at = map.require_text("at")) time.at = *at;
  time.format = map.text_or("format", "");
  if (time.format == "iso8601") time.format.clear();
  time.zone = map.text_or("zone", time.zone);
  time.date = map.text("date");
  time.offset = map.text("offset");
  time.relative_below = map.number("relative_below");
  time.base = map.count("base", 36).value_or(time.base);
  map.finish();
  return time;
}

PresenceSchema read_presence(const YamlNode& node, Format format, Problems& problems) {
  PresenceSchema presence;
  YamlMap map(node, "'presence'", problems);
  const std::optional<Text> at = map.text("at");
  if (at)
    presence.at = *at;
  else if (format == Format::text || format == Format::json)
    presence.at = {format == Format::text ? "value" : "", node.place};
  else if (node.is_map())
    problems.add(node.place, "'presence' needs 'at' in this format");
  presence.online = map.texts("online");
  presence.offline = map.texts("offline");
  map.finish();
  if (node.is_map() && presence.online.empty() && presence.offline.empty())
    problems.add(node.place, "'presence' needs what the device says when it is 'online', or 'offline'");
  for (const std::string& word : presence.online)
    if (std::find(presence.offline.begin(), presence.offline.end(), word) != presence.offline.end())
      problems.add(node.place, "'" + word + "' cannot mean both online and offline");
  return presence;
}

CsvSchema read_csv(const YamlNode& node, Problems& problems) {
  CsvSchema csv;
  YamlMap map(node, "'csv'", problems);
  csv.columns = map.texts("columns");
  csv.header = map.flag("header").value_or(csv.columns.empty());
  csv.delimiter = map.character("delimiter").value_or(csv.delimiter);
  csv.decimal = map.character("decimal").value_or(csv.decimal);
  csv.quote = map.character("quote").value_or(csv.quote);
  csv.comment = map.character("comment").value_or(csv.comment);
  csv.skip_rows = map.count("skip_rows", 10'000).value_or(0);
  map.finish();
  std::vector<std::string> names = csv.columns;
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) problems.add(node.place, "the column '" + *twice + "' stands twice in 'columns'");
  const char special[] = {csv.delimiter, csv.decimal, csv.quote};
  for (const char c : special)
    if (std::count(std::begin(special), std::end(special), c) > 1 || c == '\n' || c == '\r' || c == csv.comment) {
      problems.add(node.place, "delimiter, decimal, quote and comment must be four different characters");
      break;
    }
  return csv;
}

PairsSchema read_pairs(const YamlNode& node, Problems& problems) {
  PairsSchema pairs;
  YamlMap map(node, "'pairs'", problems);
  pairs.delimiter = map.character("delimiter").value_or(pairs.delimiter);
  pairs.sign = map.character("sign").value_or(pairs.sign);
  pairs.form = map.choice("encoding", {"none", "form"}).value_or(0) == 1;
  map.finish();
  if (pairs.delimiter == pairs.sign) problems.add(node.place, "delimiter and sign must be two different characters");
  return pairs;
}

/// Keys that one format alone has. Elsewhere they are a mistake that would otherwise have no effect.
void read_format_keys(YamlMap& map, MessageSchema& message, Problems& problems) {
  const auto belongs_to = [&](const YamlNode* node, std::string_view key, Format format) {
    if (node == nullptr) return false;
    if (message.format == format) return true;
    problems.add(node->place, "'" + std::string(key) + "' is for format: " + std::string(name_of(format)) +
                                  ", and this is " + std::string(name_of(message.format)));
    return false;
  };
  const YamlNode* csv = map.find("csv");
  if (belongs_to(csv, "csv", Format::csv)) message.csv = read_csv(*csv, problems);
  if (belongs_to(map.find("pattern"), "pattern", Format::text)) message.pattern = map.text("pattern");
  const YamlNode* pairs = map.find("pairs");
  if (belongs_to(pairs, "pairs", Format::text)) message.pairs = read_pairs(*pairs, problems);
  if (message.pairs && message.pattern)
    problems.add(pairs->place, "a text is read by 'pairs' or by a 'pattern', not by both");
  if (belongs_to(map.find("decimal"), "decimal", Format::text))
    message.decimal = map.character("decimal").value_or('.');
  if (belongs_to(map.find("jq"), "jq", Format::json)) message.jq = map.text("jq");
  const YamlNode* each = map.find("each");
  if (each != nullptr && (message.format == Format::csv || message.format == Format::text))
    problems.add(each->place, "'each' is for json and xml; a CSV row is one event by itself");
  else
    message.each = map.text("each");
  const YamlNode* carry = map.find("carry");
  if (carry != nullptr && each == nullptr)
    problems.add(carry->place, "'carry' stands beside 'each': it is for what elements have from earlier ones");
  else if (carry != nullptr)
    message.carry = read_texts(*carry, "carry", problems);
  const YamlNode* checksum = map.find("checksum");
  if (checksum != nullptr && message.format != Format::csv && message.format != Format::text)
    problems.add(checksum->place, "'checksum' is for csv and text");
  else
    message.checksum = message.csv.checksum = map.choice("checksum", {"nmea"}).has_value();
}

void read_readings(YamlMap& map, MessageSchema& message, Problems& problems) {
  const YamlNode* readings = map.find("readings");
  if (readings != nullptr && !readings->is_map())
    problems.add(readings->place, "'readings' must be a map, from a reading's name to its address");
  if (readings == nullptr) return;
  message.readings.reserve(readings->members.size());
  for (const YamlNode::Member& member : readings->members) message.readings.push_back(read_reading(member, problems));
}

/// What a kind needs and must not have.
void check_kind(YamlMap& map, MessageSchema& message, const Place& place, Problems& problems) {
  const YamlNode* presence = map.find("presence");
  if (message.kind == RecordKind::presence) {
    if (presence == nullptr)
      problems.add(place, "a message of kind presence needs 'presence: { online: ..., offline: ... }'");
    else
      message.presence = read_presence(*presence, message.format, problems);
    if (!message.readings.empty())
      problems.add(message.readings[0].name.place, "a message of kind presence has no readings");
  } else if (presence != nullptr) {
    problems.add(presence->place, "'presence' is for kind: presence");
  }
  // An empty `readings: {}` says on purpose that the message tells nothing.
  if (message.kind == RecordKind::reading && map.find("readings") == nullptr && !message.keep_rest)
    problems.add(place, "a message of kind reading needs 'readings' (or 'rest: keep')");
}

}  // namespace

std::vector<Text> read_topics(const YamlNode& node, Problems& problems) {
  std::vector<Text> topics = read_texts(node, "topic", problems);
  if (topics.size() > topics_max)
    problems.add(node.place, "more than " + std::to_string(topics_max) + " topics, with every setting's values");
  return topics;
}

MessageSchema read_message(const YamlNode& node, const std::string& family, Problems& problems) {
  YamlMap map(node, "a message", problems);
  MessageSchema message;
  message.place = node.place;
  if (const std::optional<Text> name = map.require_text("name")) {
    check_name(*name, "a message", problems);
    message.name = name->text;
    message.place = name->place;
  }
  message.full_name = family + "/" + message.name;
  message.about = map.text_or("about", "");
  message.reference = map.text_or("reference", "");
  if (const YamlNode* topic = map.require("topic")) message.topics = read_topics(*topic, problems);
  map.require("format");
  if (const auto format = map.choice("format", formats)) message.format = static_cast<Format>(*format);
  if (const auto kind = map.choice("kind", kinds)) message.kind = static_cast<RecordKind>(*kind + 1);
  if (const YamlNode* when = map.find("when")) message.when = read_when(*when, message.format, problems);
  message.device = map.text("device");
  if (const YamlNode* time = map.find("time")) message.time = read_time(*time, problems);
  if (const auto rest = map.choice("rest", {"ignore", "keep"})) message.keep_rest = *rest == 1;
  read_format_keys(map, message, problems);
  read_readings(map, message, problems);
  check_kind(map, message, node.place, problems);
  if (const YamlNode* examples = map.find("examples")) message.examples = read_examples(*examples, problems);
  map.finish();
  return message;
}

}  // namespace sluice::normalize
