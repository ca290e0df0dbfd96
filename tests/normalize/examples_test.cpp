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
  for (const Difference& difference : run_examples(*stage.library())) text += difference.message + "\n";
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
            "readings.t.value: expected '21.6', found 21.5\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":21.5}', event: { readings: { t: { unit: kW } } })"),
            "readings.t.unit: expected 'kW', found \"W\"\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":21.5}', event: { readings: { u: 5 } })"), "readings.u: is not there\n");
  EXPECT_EQ(result_of(R"(payload: '{"x":"5"}', event: { readings: { x: 5 } })"),
            "readings.x: expected '5', found \"5\"\n");
  EXPECT_EQ(result_of(R"(payload: '{"x":true}', event: { readings: { x: "true" } })"),
            "readings.x: expected 'true', found true\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":1}', events: [ { device: t/d }, { device: t/e } ])"),
            "expected 2 event(s) of t/m, but it became 1 event(s) of t/m\n");
  EXPECT_EQ(result_of(R"(payload: '{}', event: { device: t/d })"), "expected 1 event(s) of t/m, but it is ignored\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":"x"}', quarantine: "not JSON")"),
            "expected quarantine by 't/m': not JSON, but it is quarantined by 't/m': not a number: 'x' (t)\n");
  EXPECT_EQ(result_of(R"(payload: '{"t":1}', ignored: true)"),
            "expected to be ignored, but it became 1 event(s) of t/m\n");
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
      "0.yaml:4:87: t/second, example t/d: expected 1 event(s) of t/second, but it became 1 event(s) of t/first"))
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
  EXPECT_EQ(document(stage.library()->families()[0]), R"(## Current meters (`meter`)

Meters that speak XML.

Reference: <https://example.org/meters>

| setting | value |
|---|---|
| `base` | `meters` |

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

### Command meter/reset

Begins anew.

- Topic: `reset/{device}`
- Payload: `now`

)");
}

}  // namespace
}  // namespace sluice::normalize
