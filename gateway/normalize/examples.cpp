#include "gateway/normalize/examples.h"

#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/value.h"

namespace sluice::normalize {

namespace {

constexpr Timestamp clock_time = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + std::chrono::hours(9);
constexpr std::size_t payload_shown = 160;

std::string events_text(std::size_t count, const std::string& schema) {
  return std::to_string(count) + (count == 1 ? " event of " : " events of ") + schema;
}

std::string quarantine_text(const std::string& schema, const std::string& reason) {
  return "quarantined by " + schema + ": " + reason;
}

std::string outcome_text(const Fate& fate, const std::vector<Record>& records) {
  if (fate.kind == Fate::Kind::ignored) return "ignored";
  if (fate.kind == Fate::Kind::quarantined) return quarantine_text(fate.schema, fate.reason);
  return events_text(records.size(), records[0].schema);
}

std::string expected_text(const Example& example, const std::string& schema) {
  switch (example.expects) {
    case Example::Expects::ignored:
      return "ignored";
    case Example::Expects::quarantine:
      return quarantine_text(schema, example.quarantine);
    case Example::Expects::events:
      break;
  }
  return events_text(example.events.size(), schema);
}

/// Whether the message became what the example says, its fields aside.
bool has_outcome(const Example& example, const Fate& fate, const std::vector<Record>& records,
                 const std::string& schema) {
  switch (example.expects) {
    case Example::Expects::ignored:
      return fate.kind == Fate::Kind::ignored;
    case Example::Expects::quarantine:
      return fate.kind == Fate::Kind::quarantined && fate.schema == schema &&
             fate.reason.starts_with(example.quarantine);
    case Example::Expects::events:
      break;
  }
  return fate.kind == Fate::Kind::understood && records.size() == example.events.size() && records[0].schema == schema;
}

/// Empty if the example becomes what it says.
std::vector<FieldDifference> differences(const Example& example, const std::string& schema, Normalizer& normalizer) {
  std::vector<Record> records;
  const Fate fate = normalizer.normalize(example_message(example.topic, example.payload, example.retained), records);
  if (!has_outcome(example, fate, records, schema))
    return {{"outcome", expected_text(example, schema), outcome_text(fate, records), {}}};
  std::vector<FieldDifference> all;
  for (std::size_t i = 0; i < example.events.size(); ++i)
    for (FieldDifference& field : differences(example.events[i], records[i])) {
      if (records.size() > 1) field.field.insert(0, "event " + std::to_string(i + 1) + ", ");
      all.push_back(std::move(field));
    }
  return all;
}

std::string field_text(const FieldDifference& field) {
  if (field.expected.empty()) return field.field + ": " + field.found + " is not expected";
  if (field.found.empty())
    return field.field + ": expected " + field.expected + ", is not there" +
           (field.near.empty() ? "" : " (did you mean '" + field.near + "'?)");
  return field.field + ": expected " + field.expected + ", found " + field.found;
}

}  // namespace

Message example_message(std::string_view topic, std::string_view payload, bool retained) {
  Message message;
  message.topic = topic;
  message.payload = payload;
  message.payload_size = payload.size();
  message.retained = retained;
  message.received_at = clock_time;
  return message;
}

std::string Difference::text() const {
  std::string out = place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + schema +
                    ", example " + topic + ": ";
  for (std::size_t i = 0; i < fields.size(); ++i) out += (i > 0 ? "; " : "") + field_text(fields[i]);
  return out;
}

std::vector<Difference> run_examples(const Library& library, const Family& family) {
  // The library outlives the normalizer: it is borrowed, not shared.
  Normalizer normalizer(std::shared_ptr<const Library>(std::shared_ptr<const Library>(), &library),
                        {Unmatched::ignore, example_zone});
  std::vector<Difference> all;
  for (const MessageSchema& message : family.messages) {
    for (const Example& example : message.examples) {
      std::vector<FieldDifference> fields = differences(example, message.full_name, normalizer);
      if (!fields.empty())
        all.push_back({example.place, message.full_name, example.topic, excerpt(example.payload, payload_shown),
                       std::move(fields)});
    }
  }
  return all;
}

std::vector<Difference> run_examples(const Library& library) {
  std::vector<Difference> all;
  for (const Family& family : library.families())
    for (Difference& difference : run_examples(library, family)) all.push_back(std::move(difference));
  return all;
}

}  // namespace sluice::normalize
