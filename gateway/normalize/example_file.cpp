#include "gateway/normalize/base64.h"
#include "gateway/normalize/schema_file.h"
#include "gateway/normalize/yaml_map.h"

namespace sluice::normalize {

namespace {

const std::vector<std::string_view> event_keys = {"device",    "schema", "kind",     "time",
                                                  "time_from", "topic",  "retained", "readings",
                                                  "online",    "rest",   "payload",  "payload_base64"};

void check_event(const YamlNode& event, Problems& problems) {
  if (event.is_map())
    refuse_unknown_keys(event, event_keys, problems);
  else
    problems.add(event.place, "an expected event must be a map, as in { device: ..., readings: { ... } }");
}

void read_expectation(YamlMap& map, const YamlNode& node, Example& example, Problems& problems) {
  int said = 0;
  if (const YamlNode* event = map.find("event")) {
    ++said;
    check_event(*event, problems);
    example.events = {*event};
  }
  if (const YamlNode* events = map.find("events")) {
    ++said;
    if (!events->is_sequence() || events->items.empty())
      problems.add(events->place, "'events' must be a list; where there is none, write ignored: true");
    for (const YamlNode& event : events->items) check_event(event, problems);
    example.events = events->items;
  }
  if (const std::optional<Text> reason = map.text("quarantine")) {
    ++said;
    example.expects = Example::Expects::quarantine;
    example.quarantine = reason->text;
  }
  if (const std::optional<bool> ignored = map.flag("ignored")) {
    ++said;
    example.expects = Example::Expects::ignored;
    if (!*ignored) problems.add(node.place, "'ignored' can only be true");
  }
  if (said != 1 && node.is_map())
    problems.add(node.place, "an example needs one of 'event', 'events', 'quarantine' and 'ignored'");
}

Example read_example(const YamlNode& node, Problems& problems) {
  YamlMap map(node, "an example", problems);
  Example example;
  example.place = node.place;
  example.about = map.text_or("about", "");
  if (const std::optional<Text> topic = map.require_text("topic")) example.topic = topic->text;
  example.payload = map.text_or("payload", "");
  if (const std::optional<Text> encoded = map.text("payload_base64")) {
    const std::optional<std::string> bytes = parse_base64(encoded->text);
    if (!bytes) problems.add(encoded->place, "'payload_base64' is not base 64");
    if (node.find("payload") != nullptr) problems.add(encoded->place, "an example has one payload, not two");
    example.payload = bytes.value_or("");
  }
  example.retained = map.flag("retained").value_or(false);
  read_expectation(map, node, example, problems);
  map.finish();
  return example;
}

}  // namespace

std::vector<Example> read_examples(const YamlNode& node, Problems& problems) {
  std::vector<Example> examples;
  if (!node.is_sequence())
    problems.add(node.place, "'examples' must be a list (- { topic: ..., payload: ..., event: ... })");
  for (const YamlNode& item : node.items) examples.push_back(read_example(item, problems));
  return examples;
}

}  // namespace sluice::normalize
