#include "gateway/normalize/draft_yaml.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "gateway/core/json_text.h"
#include "gateway/normalize/base64.h"
#include "gateway/normalize/draft_words.h"

namespace sluice::normalize {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t reason_kept = 60;

/// What the value of such a field looks like as a time; empty: it does not.
std::string time_format(const Look::Field& field) {
  static const std::set<std::string, std::less<>> words = {
      "time", "timestamp", "ts", "tst", "date", "datetime", "utc", "last_seen", "created_at", "received_at", "dateutc"};
  if (field.path.empty() || !words.contains(plain_word(field.path.back()))) return {};
  static const RE2 iso(R"(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)");
  static const RE2 spaced(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)");
  if (RE2::FullMatch(field.sample, iso)) return "iso";
  if (RE2::FullMatch(field.sample, spaced)) return "%Y-%m-%d %H:%M:%S";
  if (field.numbers && field.low > 1.4e9 && field.high < 4e9) return "epoch_s";
  if (field.numbers && field.low > 1.4e12 && field.high < 4e12) return "epoch_ms";
  return {};
}

std::string time_yaml(const Look::Field& field, const std::string& format) {
  if (format == "iso") return "    time: " + yaml_word(field.address) + "\n";
  return "    time: { at: " + yaml_word(field.address) + ", format: " + yaml_word(format) + " }\n";
}

std::string csv_yaml(const CsvSchema& csv) {
  std::string out;
  if (!csv.header) out += "header: false, ";
  if (csv.delimiter != ',')
    out += "delimiter: " + yaml_word(csv.delimiter == '\t' ? "\t" : std::string(1, csv.delimiter)) + ", ";
  if (csv.decimal != '.') out += "decimal: " + yaml_word(std::string(1, csv.decimal)) + ", ";
  if (out.empty()) return out;
  out.resize(out.size() - 2);
  return "    csv: { " + out + " }\n";
}

std::string presence_yaml(const Look& look) {
  const auto words = [](const std::vector<std::string>& list) {
    std::string out;
    for (const std::string& word : list) out += (out.empty() ? "" : ", ") + yaml_word(word);
    return list.size() == 1 ? out : "[" + out + "]";
  };
  const std::string at = look.format == Format::text ? "" : "at: " + yaml_word(look.fields[0].address) + ", ";
  return "    kind: presence\n    presence: { " + at + "online: " + words(look.online) +
         ", offline: " + words(look.offline) + " }\n";
}

/// A part of a reading's name: what a list's elements bring stays a placeholder.
std::string name_part(const std::string& part) {
  if (part.starts_with('{')) return part;
  const std::string plain = plain_word(part);
  return plain.empty() ? "x" : plain;
}

std::string reading_yaml(const Look::Field& field, const std::string& subject, std::set<std::string>& names) {
  std::string name;
  for (std::size_t i = 0; i + 1 < field.path.size(); ++i) name += name_part(field.path[i]) + ".";
  const std::string word = field.path.empty() ? (subject.empty() ? "value" : subject) : field.path.back();
  Quantity quantity = quantity_of(word, field.low, field.high);
  if (word.starts_with('{')) quantity = {word, "", false};
  if (quantity.name.empty()) quantity.name = "x";
  name += quantity.name;
  // Two of one name: the second is called as the device does, or numbered.
  const std::string base = name;
  for (int twin = 2; !names.insert(name).second; ++twin) name = base + "_" + std::to_string(twin);
  const bool ask = field.numbers && quantity.unit.empty() && !quantity.has_no_unit;
  std::string out = "      " + yaml_word(name) + ": ";
  if (field.numbers && !quantity.unit.empty())
    out += "{ at: " + yaml_word(field.address) + ", unit: " + yaml_word(quantity.unit) + " }";
  else
    out += yaml_word(field.address);
  return out + (ask ? "  # unit?\n" : "\n");
}

/// A reading as an example states it: its value, with the unit where it has one.
ordered_json short_reading(const ordered_json& reading) {
  return reading.size() == 1 && reading.contains("value") ? reading.at("value") : reading;
}

/// Flow style that is YAML and JSON at once, but for keys that need no quotes.
std::string flow(const ordered_json& value) {
  if (!value.is_object()) return value.is_string() ? yaml_word(value.get<std::string>()) : value.dump();
  std::string out;
  for (const auto& [key, part] : value.items()) out += (out.empty() ? " " : ", ") + yaml_word(key) + ": " + flow(part);
  return "{" + out + " }";
}

std::string event_yaml(const Record& record) {
  const ordered_json data = ordered_json::parse(record.data);
  ordered_json event;
  event["device"] = record.device;
  if (record.kind != RecordKind::reading) event["kind"] = name_of(record.kind);
  if (data.contains("online")) event["online"] = data["online"];
  if (data.contains("readings"))
    for (const auto& [name, reading] : data["readings"].items()) event["readings"][name] = short_reading(reading);
  return flow(event);
}

}  // namespace

std::string yaml_word(std::string_view text) {
  static const RE2 plain(R"([A-Za-z/][A-Za-z0-9_./]*)");
  static const RE2 meant(R"((?i)true|false|null|yes|no|on|off|y|n)");
  static const RE2 printable(R"([^\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}\x{feff}]*)");
  if (RE2::FullMatch(text, plain) && !RE2::FullMatch(text, meant)) return std::string(text);
  std::string out;
  if (text.find_first_of("'\\\"") == std::string_view::npos || !RE2::FullMatch(text, printable)) {
    append_json_string(out, text);
    return out;
  }
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return "'" + out + "'";
}

std::string message_yaml(const TopicShape& shape, const std::string& name, const std::string& when) {
  const Look& look = shape.look;
  std::string out = "  - name: " + yaml_word(name) + "\n    topic: " + yaml_word(shape.pattern()) +
                    "\n    format: " + std::string(name_of(look.format)) + "\n" + when;
  if (const std::string device = shape.device(); !device.empty()) out += "    device: " + yaml_word(device) + "\n";
  if (look.format == Format::csv) out += csv_yaml(look.csv);
  if (look.each) out += "    each: " + yaml_word(*look.each) + "\n";
  if (look.presence) return out + presence_yaml(look);
  const auto is_time = [](const Look::Field& field) { return !time_format(field).empty(); };
  const auto time = std::find_if(look.fields.begin(), look.fields.end(), is_time);
  if (time != look.fields.end()) out += time_yaml(*time, time_format(*time));
  std::string readings;
  std::set<std::string> names;
  for (const Look::Field& field : look.fields)
    if (time == look.fields.end() || &field != &*time) readings += reading_yaml(field, shape.subject(), names);
  if (look.fields.size() >= draft_fields_max) readings += "      # there is more: only the first fields stand here\n";
  return out + (readings.empty() ? "    readings: {}\n" : "    readings:\n" + readings);
}

std::string example_yaml(const Message& message, const Fate& fate, const std::vector<Record>& records) {
  std::string out = "      - topic: " + yaml_word(message.topic) + "\n";
  if (is_utf8(message.payload))
    out += "        payload: " + yaml_word(message.payload) + "\n";
  else
    (append_base64(out += "        payload_base64: \"", message.payload), out += "\"\n");
  if (message.retained) out += "        retained: true\n";
  if (fate.kind == Fate::Kind::ignored) return out + "        ignored: true\n";
  if (fate.kind == Fate::Kind::quarantined)
    return out +
           "        quarantine: " + yaml_word(fate.reason.substr(0, fate.reason.find(':')).substr(0, reason_kept)) +
           "\n";
  if (records.size() == 1) return out + "        event: " + event_yaml(records[0]) + "\n";
  out += "        events:\n";
  for (const Record& record : records) out += "          - " + event_yaml(record) + "\n";
  return out;
}

}  // namespace sluice::normalize
