#include "gateway/normalize/examples.h"

#include <nlohmann/json.hpp>

#include "gateway/core/time_text.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/number_text.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

using nlohmann::json;

constexpr Timestamp clock_time = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + std::chrono::hours(9);

/// A record as examples see it: its data, and what its envelope says.
json event_of(const Record& record) {
  json event = json::parse(record.data);
  event["kind"] = name_of(record.kind);
  event["time"] = rfc3339(record.time);
  return event;
}

bool is_equal(const Scalar& wanted, const json& found) {
  switch (wanted.kind) {
    case Scalar::Kind::null:
      return found.is_null();
    case Scalar::Kind::boolean:
      return found.is_boolean() && found.get<bool>() == (wanted.text == "true");
    case Scalar::Kind::string:
      return found.is_string() && found.get<std::string>() == wanted.text;
    case Scalar::Kind::number:
      break;
  }
  // As text first: numbers beyond a double must not lose digits unseen.
  return found.is_number() && (found.dump() == wanted.text || parse_number(wanted.text) == found.get<double>());
}

/// Where `found` is not what `wanted` states, as "readings.power: expected 5, found 6"; empty if it is.
std::string difference(const YamlNode& wanted, const json& found, const std::string& path) {
  const std::string where = path.empty() ? "the event" : path;
  if (wanted.is_map()) {
    if (!found.is_object()) return where + ": expected a map, found " + found.dump();
    for (const YamlNode::Member& member : wanted.members) {
      const std::string below = path.empty() ? member.key : path + "." + member.key;
      if (!found.contains(member.key)) return below + ": is not there";
      const json& part = found.at(member.key);
      // `power: 5` is short for `power: { value: 5 }`.
      const bool is_short = path == "readings" && !member.value.is_map() && part.is_object();
      std::string wrong = difference(member.value, is_short ? part.at("value") : part, below);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  if (wanted.is_sequence()) {
    if (!found.is_array() || found.size() != wanted.items.size())
      return where + ": expected a list of " + std::to_string(wanted.items.size()) + ", found " + found.dump();
    for (std::size_t i = 0; i < wanted.items.size(); ++i) {
      std::string wrong = difference(wanted.items[i], found[i], where + "." + std::to_string(i));
      if (!wrong.empty()) return wrong;
    }
    return {};
  }
  Problems ignored;
  if (is_equal(read_scalar(wanted, ignored), found)) return {};
  return where + ": expected " + (wanted.kind == YamlNode::Kind::null ? "null" : "'" + wanted.text + "'") + ", found " +
         found.dump();
}

std::string outcome_text(const Fate& fate, const std::vector<Record>& records) {
  if (fate.kind == Fate::Kind::ignored) return "it is ignored";
  if (fate.kind == Fate::Kind::quarantined) return "it is quarantined by '" + fate.schema + "': " + fate.reason;
  return "it became " + std::to_string(records.size()) + " event(s) of " + records[0].schema;
}

std::string event_difference(const Example& example, const Fate& fate, const std::vector<Record>& records,
                             const std::string& schema) {
  const std::string expected = std::to_string(example.events.size()) + " event(s) of " + schema;
  if (fate.kind != Fate::Kind::understood || records.size() != example.events.size() || records[0].schema != schema)
    return "expected " + expected + ", but " + outcome_text(fate, records);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string wrong = difference(example.events[i], event_of(records[i]), "");
    if (!wrong.empty()) return (records.size() > 1 ? "event " + std::to_string(i + 1) + ", " : "") + wrong;
  }
  return {};
}

/// Empty if the example becomes what it says.
std::string difference(const Example& example, const std::string& schema, Normalizer& normalizer) {
  Message message;
  message.topic = example.topic;
  message.payload = example.payload;
  message.payload_size = message.payload.size();
  message.retained = example.retained;
  message.received_at = clock_time;
  std::vector<Record> records;
  const Fate fate = normalizer.normalize(message, records);
  switch (example.expects) {
    case Example::Expects::ignored:
      return fate.kind == Fate::Kind::ignored ? "" : "expected to be ignored, but " + outcome_text(fate, records);
    case Example::Expects::quarantine:
      if (fate.kind == Fate::Kind::quarantined && fate.schema == schema && fate.reason.starts_with(example.quarantine))
        return {};
      return "expected quarantine by '" + schema + "': " + example.quarantine + ", but " + outcome_text(fate, records);
    case Example::Expects::events:
      break;
  }
  return event_difference(example, fate, records, schema);
}

}  // namespace

std::string Difference::text() const {
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + schema +
         ", example " + topic + ": " + message;
}

std::vector<Difference> run_examples(const Library& library, const Family& family) {
  // The library outlives the normalizer: it is borrowed, not shared.
  Normalizer normalizer(std::shared_ptr<const Library>(std::shared_ptr<const Library>(), &library),
                        {Unmatched::ignore, "Europe/Berlin"});
  std::vector<Difference> differences;
  for (const MessageSchema& message : family.messages) {
    for (const Example& example : message.examples) {
      const std::string wrong = difference(example, message.full_name, normalizer);
      if (!wrong.empty()) differences.push_back({example.place, message.full_name, example.topic, wrong});
    }
  }
  return differences;
}

std::vector<Difference> run_examples(const Library& library) {
  std::vector<Difference> all;
  for (const Family& family : library.families())
    for (Difference& difference : run_examples(library, family)) all.push_back(std::move(difference));
  return all;
}

}  // namespace sluice::normalize
