#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::readings_of;
using stage::SchemaStage;

TEST(TextFormat, value_is_the_whole_trimmed_text) {
  EXPECT_EQ(readings_of("format: text, readings: { v: value }", " \t21.5\r\n"), json::parse(R"({"v":21.5})"));
  EXPECT_EQ(readings_of("format: text, readings: { v: value }", std::string("ON\0", 3)), json::parse(R"({"v":"ON"})"));
  EXPECT_EQ(readings_of("format: text, readings: { v: { at: value, type: string } }", "007"),
            json::parse(R"({"v":"007"})"));
  EXPECT_EQ(readings_of("format: text, readings: { v: value }", " \n"), "ignored");
}

TEST(TextFormat, a_pattern_takes_the_whole_text_apart) {
  const std::string button =
      R"(format: text, kind: occurrence, device: "{device}-{number}", pattern: 'button (?P<number>\d+) is (?P<what>pressed|released)( twice)?',
    readings: { button: { at: number, type: integer }, "was.{what}": value })";
  SchemaStage stage({SchemaStage::file_with(button)});
  const json events = stage.send("t/d", "button 03 is pressed\n");
  EXPECT_EQ(events[0]["device"], "t/d-03");
  EXPECT_EQ(events[0]["kind"], "occurrence");
  EXPECT_EQ(events[0]["readings"],
            json::parse(R"({"button":{"value":3},"was.pressed":{"value":"button 03 is pressed"}})"));
  EXPECT_EQ(stage.send("t/d", "button x is pressed"),
            "quarantined: t/m: pattern: does not match: 'button x is pressed'");
  EXPECT_EQ(stage.send("t/d", "the button 3 is pressed"),
            "quarantined: t/m: pattern: does not match: 'the button 3 is pressed'");
}

TEST(TextFormat, a_group_that_took_no_part_is_absent) {
  EXPECT_EQ(readings_of(
                R"(format: text, pattern: '(?P<n>[\d.]+)( (?P<u>\S+))?', readings: { n: { at: n, unit: { at: u } } })",
                "21.5"),
            json::parse(R"({"n":21.5})"));
}

TEST(TextFormat, a_decimal_comma_is_one_where_the_schema_says_so) {
  const std::string comma =
      R"(format: text, decimal: ",", pattern: '(?P<n>[-\d.,]+) °C', readings: { n: { at: n, unit: Cel } })";
  EXPECT_EQ(readings_of(comma, "21,5 °C"), json::parse(R"({"n":21.5})"));
  EXPECT_EQ(readings_of(comma, "21.5 °C"), "quarantined: t/m: n: not a number: '21.5' (n)");
}

TEST(TextFormat, when_pattern_lets_others_pass_on) {
  SchemaStage stage({R"(
family: t
messages:
- { name: number, topic: t, format: text, device: d, pattern: '-?\d+', when: pattern, readings: { v: value } }
- { name: yes, topic: t, format: text, device: d, pattern: '(?P<word>\w+)(?P<rest>.*)', when: { at: word, is: [yes, "no"] }, readings: { w: word } }
)"});
  EXPECT_EQ(stage.send("t", "-5")[0]["schema"], "t/number");
  EXPECT_EQ(stage.send("t", "yes sir")[0]["schema"], "t/yes");
  EXPECT_EQ(stage.send("t", "maybe"), "ignored");
  EXPECT_EQ(stage.send("t", "!"), "ignored");
}

TEST(TextFormat, presence) {
  SchemaStage stage({SchemaStage::file_with(
      R"(format: text, kind: presence, presence: { online: [Online, on], offline: [Offline, ""] })")});
  const json events = stage.send("t/d", "Online");
  EXPECT_EQ(events[0]["kind"], "presence");
  EXPECT_EQ(events[0]["online"], true);
  EXPECT_FALSE(events[0].contains("readings"));
  EXPECT_EQ(stage.send("t/d", "on")[0]["online"], true);
  EXPECT_EQ(stage.send("t/d", "Offline")[0]["online"], false);
  EXPECT_EQ(stage.send("t/d", "")[0]["online"], false);
  EXPECT_EQ(stage.send("t/d", "perhaps"),
            "quarantined: t/m: online: not in map: 'perhaps' says neither online nor offline");
  SchemaStage in_json({SchemaStage::file_with(
      R"(format: json, kind: presence, presence: { at: /state, online: online, offline: offline })")});
  EXPECT_EQ(in_json.send("t/d", R"({"state":"offline"})")[0]["online"], false);
  EXPECT_EQ(in_json.send("t/d", "{}"), "quarantined: t/m: online: missing: what says online or offline, at '/state'");
}

TEST(TextFormat, what_one_message_took_means_nothing_to_the_next) {
  std::string groups;
  for (int i = 1; i <= 70; ++i) groups += "(?P<g" + std::to_string(i) + ">.)";
  SchemaStage stage(
      {"family: t\nmessages:\n"
       "- { name: few, topic: few, device: d, format: text, rest: keep, pattern: '(?P<a>.)', readings: { a: a } }\n"
       "- { name: many, topic: many, device: d, format: text, rest: keep, pattern: '" +
       groups + "', when: { at: g70, is: z }, readings: { a: g1 } }\n"});
  EXPECT_FALSE(stage.send("few", "x")[0].contains("rest"));
  // `when` looks at a group that the first pattern does not have; what it looks at is not taken.
  EXPECT_EQ(stage.send("many", std::string(69, 'x') + "z")[0]["rest"].size(), 69u);
}

TEST(TextFormat, what_is_no_text) {
  SchemaStage stage({SchemaStage::file_with("format: text, readings: { v: value }")});
  EXPECT_EQ(stage.send("t/d", "21.5\xb0"), "quarantined: t/m: : not text: it is not UTF-8");
  EXPECT_EQ(stage.send("t/d", std::string("a\0b", 3)), "quarantined: t/m: : not text: it holds a NUL byte");
}

TEST(TextFormat, rest_keeps_the_groups_nobody_named) {
  SchemaStage stage({SchemaStage::file_with(
      R"(format: text, rest: keep, pattern: '(?P<a>\d) (?P<b>\d)(?P<c>x)?', readings: { a: a })")});
  EXPECT_EQ(stage.send("t/d", "1 2")[0]["rest"], json::parse(R"({"b":"2"})"));
}

}  // namespace
}  // namespace sluice::normalize
