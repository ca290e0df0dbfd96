#include "gateway/normalize/examples.h"

#include <gtest/gtest.h>

#include "gateway/normalize/document.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using stage::SchemaStage;

/// What comes of one example of a schema that reads `t` as a number with a unit; empty if all is as it says.
std::string result_of(const std::string& example) {
  SchemaStage stage(
      {"family: t\nmessages:\n- { name: m, topic: 't/{device}', format: json, time: /time, rest: keep, readings: { t: "
       "{ at: /t, unit: W }, "
       "'{s}': '/{s}' }, examples: [ { topic: t/d, " +
       example + " } ] }\n- { name: other, topic: u, device: d, format: text, readings: { a: value } }\n"});
  std::string text;
  for (const Difference& difference : run_examples(*stage.library())) {
    const std::string line = difference.text();
    text += line.substr(line.find("example t/d: ") + 13) + "\n";
  }
  return text;
}

TEST(Examples, that_become_what_they_say) {
  for (
      const char* example : {
          R"(payload: '{"t":21.50,"x":"a","y":true}', event: { device: t/d, schema: t/m, kind: reading, readings: { t: { value: 21.5, unit: W }, x: a, y: true } })",
          R"(payload: '{"t":21.5}', event: { time: "2026-03-01T09:00:00Z", time_from: gateway, retained: false, topic: t/d })",
          R"(payload: '{"t":9007199254740993}', event: { readings: { t: 9007199254740993 } })",
          R"(payload: '{"t":1}', retained: true, event: { time_from: unknown, retained: true })",
          R"(payload: '{"t":1,"time":"2026-03-01T09:30:00"}', events: [ { time: "2026-03-01T08:30:00Z" } ])",
          R"(payload_base64: eyJ0IjoxfQ==, event: { readings: { t: 1 } })",
          R"(payload: '{"l":[1,{"z":2}]}', event: { rest: { l: [ 1, { z: 2 } ] } })",
          R"(payload: nonsense, quarantine: "not JSON")",
          R"(payload: '{}', ignored: true)",
      })
    EXPECT_EQ(result_of(example), "") << example;
}

TEST(Examples, that_become_something_else_are_told) {
  EXPECT_EQ(result_of(R"(payload: '{"t":21.5}', event: { readings: { t: { value: 21.6 } } })"),
            "readings.t.value: expected 21.6, found 21.5\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":21.5}', event: { readings: { t: { unit: kW } } })"),
            "readings.t.unit: expected \"kW\", found \"W\"\n");
  EXPECT_EQ(result_of(R"(payload: '{"x":"5"}', event: { readings: { x: 5 } })"),
            "readings.x: expected 5, found \"5\"\n");
  EXPECT_EQ(result_of(R"(payload: '{"x":true}', event: { readings: { x: "true" } })"),
            "readings.x: expected \"true\", found true\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":1}', events: [ { device: t/d }, { device: t/e } ])"),
            "outcome: expected 2 events of t/m, found 1 event of t/m\n");
  EXPECT_EQ(result_of(R"(payload: '{}', event: { device: t/d })"), "outcome: expected 1 event of t/m, found ignored\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":"x"}', quarantine: "not JSON")"),
            "outcome: expected quarantined by t/m: not JSON, found quarantined by t/m: not a number: 'x' (t)\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":1}', ignored: true)"), "outcome: expected ignored, found 1 event of t/m\n");
}

TEST(Examples, tell_every_field_that_differs) {
  EXPECT_EQ(
      result_of(R"(payload: '{"t":1,"x":2,"y":3}', event: { device: t/e, readings: { t: 2, x: 3, y: 3 } })"),
      "device: expected \"t/e\", found \"t/d\"; readings.t: expected 2, found 1; readings.x: expected 3, found 2\n");
}

TEST(Examples, tell_what_is_missing_from_what_is_not_expected) {
  EXPECT_EQ(result_of(R"(payload: '{"humidity":40,"x":1}', event: { readings: { humidty: 40, x: 1 } })"),
            "readings.humidty: expected 40, is not there (did you mean 'humidity'?); readings.humidity: 40 is not "
            "expected\n");
  // An event may say more than the example states, as long as nothing is missing.
  EXPECT_EQ(result_of(R"(payload: '{"humidity":40,"x":1}', event: { readings: { x: 1 } })"), "");
  EXPECT_EQ(result_of(R"(payload: '{"t":1}', event: { readings: { u: 5 } })"),
            "readings.u: expected 5, is not there; readings.t: {\"unit\":\"W\",\"value\":1} is not "
            "expected\n");
}

TEST(Examples, show_the_payload_on_one_line) {
  SchemaStage stage(
      {"family: t\nmessages:\n- { name: m, topic: t, device: d, format: text, readings: { a: value }, examples: "
       "[ { topic: t, payload: \"1\\n" +
       std::string(300, 'x') + "\", ignored: true } ] }\n"});
  const std::vector<Difference> differences = run_examples(*stage.library());
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].payload, "1 " + std::string(158, 'x') + "...");
}

TEST(Examples, that_another_schema_takes_are_told_with_their_place) {
  SchemaStage stage({R"(family: t
messages:
- { name: first, topic: 't/{device}', format: json, readings: { a: /a } }
- { name: second, topic: 't/{device}', format: json, readings: { a: /a }, examples: [ { topic: t/d, payload: '{"a":1}', event: {} } ] }
)"});
  const std::vector<Difference> differences = run_examples(*stage.library());
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_TRUE(differences[0].text().ends_with(
      "0.yaml:4:87: t/second, example t/d: outcome: expected 1 event of t/second, found 1 event of t/first"))
      << differences[0].text();
}

TEST(Document, says_what_a_family_reads) {
  SchemaStage stage({R"(family: meter
title: Current meters
about: Meters that speak XML.
reference: https://example.org/meters
settings: { base: meters }
messages:
- name: power
  about: Every six seconds.
  topic: ${base}/{device}
  format: json
  when: { at: /type, is: [1, 2] }
  time: /Time
  readings:
    energy.power: { at: /w, unit: W, type: number, scale: 0.1, min: 0, required: true }
    state: { at: /s, map: { "1": true, "|": null } }
  examples: [ { about: An ordinary one., topic: meters/a, payload: '{"type":1,"w":5}', event: { readings: { energy.power: { value: 0.5, unit: W } } } },
    { topic: meters/a, payload: '{"type":1}', quarantine: missing } ]
commands:
  reset: { about: Begins anew., topic: 'reset/{device}', payload: now }
)"});
  EXPECT_EQ(document(stage.library()->families()[0]), R"(<a id="meter"></a>

## Current meters (`meter`)

Meters that speak XML.

Reference: <https://example.org/meters>

| setting | value |
|---|---|
| `base` | `meters` |

<a id="meter/power"></a>

### meter/power

Every six seconds.

- Topic: `meters/{device}`
- Format: json, becomes: reading
- Only if there is `/type`, and it is `1` or `2`
- Time: `/Time`, zone local

| reading | at | unit | |
|---|---|---|---|
| `energy.power` | `/w` | W | number; times 0.1; at least 0; required |
| `state` | `/s` |  | 1 → true, \| → nothing |

An ordinary one.

`meters/a`

```
{"type":1,"w":5}
```

Becomes

```yaml
readings:
  energy.power: {value: 0.5, unit: W}
```

`meters/a`

```
{"type":1}
```

Goes to quarantine: missing

<a id="command-meter/reset"></a>

### Command meter/reset

Begins anew.

- Topic: `reset/{device}`
- Payload: `now`

)");
}

TEST(Document, of_all_families_begins_with_its_contents) {
  SchemaStage stage(
      {"family: one\ntitle: The | first\nmessages:\n- { name: m, topic: a, device: d, format: text, readings: "
       "{ a: value } }\ncommands:\n  go: { topic: b, payload: x }\n",
       "family: two\nmessages:\n- { name: m, topic: c, device: d, format: text, readings: { a: value } }\n"});
  const std::string text = document(stage.library()->families());
  EXPECT_TRUE(
      text.starts_with("# Schemas\n\n| family | what | messages | commands |\n|---|---|---|---|\n"
                       "| [one](#one) | The \\| first | [m](#one/m) | [go](#command-one/go) |\n"
                       "| [two](#two) | two | [m](#two/m) |  |\n"))
      << text;
  for (const char* target : {"one", "two", "one/m", "two/m", "command-one/go"})
    EXPECT_NE(text.find("<a id=\"" + std::string(target) + "\"></a>\n\n##"), std::string::npos) << target;
}

}  // namespace
}  // namespace sluice::normalize
