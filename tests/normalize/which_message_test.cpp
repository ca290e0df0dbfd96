#include <gtest/gtest.h>

#include "gateway/normalize/topic_tree.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::readings_of;
using stage::SchemaStage;

std::string taken_by(SchemaStage& stage, const std::string& topic, const std::string& payload = "{\"v\":1}") {
  const json events = stage.send(topic, payload);
  return events.is_array() ? events[0]["schema"].get<std::string>() + " " + events[0]["device"].get<std::string>()
                           : events.get<std::string>();
}

const char* const specific = R"(
family: t
messages:
- { name: rest, topic: 'a/{device...}', format: json, readings: { v: /v } }
- { name: one, topic: 'a/{device}', format: json, readings: { v: /v } }
- { name: literal, topic: a/b, device: x, format: json, readings: { v: /v } }
- { name: deep, topic: 'a/{device}/c', format: json, readings: { v: /v } }
- { name: left, topic: 'a/b/{device}', format: json, readings: { v: /v } }
- { name: any, topic: '{device...}', format: json, readings: { v: /v } }
)";

TEST(WhichMessage, the_most_specific_topic_level_by_level_from_the_left) {
  SchemaStage stage({specific});
  EXPECT_EQ(taken_by(stage, "a/b"), "t/literal t/x");
  EXPECT_EQ(taken_by(stage, "a/x"), "t/one t/x");
  EXPECT_EQ(taken_by(stage, "a/x/c"), "t/deep t/x");
  EXPECT_EQ(taken_by(stage, "a/b/c"), "t/left t/c");
  EXPECT_EQ(taken_by(stage, "a/x/y/z"), "t/rest t/x/y/z");
  EXPECT_EQ(taken_by(stage, "a"), "t/any t/a");
  EXPECT_EQ(taken_by(stage, "/x"), "t/any t//x");
  EXPECT_EQ(taken_by(stage, "a/"), "quarantined: t/one: device: missing: the device's name is empty");
}

TEST(WhichMessage, topics_that_begin_with_a_dollar_need_a_literal) {
  SchemaStage stage(
      {specific,
       "family: sys\nmessages:\n- { name: up, topic: '$SYS/{device}', format: json, readings: { v: /v } }\n"});
  EXPECT_EQ(taken_by(stage, "$SYS/uptime"), "sys/up sys/uptime");
  EXPECT_EQ(taken_by(stage, "$SYS/broker/uptime"), "ignored");
  SchemaStage two({"family: t\nmessages:\n- { name: m, topic: '{a}/{device}', format: json, readings: { v: /v } }\n"});
  EXPECT_EQ(taken_by(two, "SYS/uptime"), "t/m t/uptime");
  EXPECT_EQ(taken_by(two, "$SYS/uptime"), "ignored");
}

TEST(WhichMessage, on_one_topic_in_file_order_as_when_decides) {
  SchemaStage stage({R"(
family: t
messages:
- { name: exists, topic: 't/{device}', format: json, when: /ENERGY, readings: { v: /v } }
- { name: equals, topic: 't/{device}', format: json, when: { at: /type, is: [3, up, true] }, readings: { v: /v } }
- { name: any, topic: 't/{x}', device: '{x}', format: json, when: '/{any}/UID', readings: { v: /v } }
- { name: words, topic: 't/{device}', format: text, pattern: '[a-z]+', when: pattern, readings: { word: value } }
- { name: json, topic: 't/{device}', format: json, when: "", readings: { v: /v } }
)"});
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"ENERGY":{}})"), "t/exists t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"ENERGY":null})"), "t/json t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"type":3.0})"), "t/equals t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"type":"up"})"), "t/equals t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"type":true})"), "t/equals t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"type":4})"), "t/json t/d");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"v":1,"a":{},"b":{"UID":0}})"), "t/any t/d");
  EXPECT_EQ(taken_by(stage, "t/d", "online"), "t/words t/d");
  EXPECT_EQ(taken_by(stage, "t/d", "ON LINE"), "ignored");
}

TEST(WhichMessage, only_what_applies_and_cannot_be_read_is_quarantined) {
  SchemaStage stage({R"(
family: t
messages:
- { name: first, topic: t/d, device: d, format: json, when: /a, readings: { a: { at: /a, unit: W } } }
- { name: second, topic: 't/{device}', format: json, readings: { b: /b } }
)"});
  EXPECT_EQ(taken_by(stage, "t/d", R"({"a":"x","b":1})"), "quarantined: t/first: a: not a number: 'x' (a)");
  EXPECT_EQ(taken_by(stage, "t/d", R"({"b":1})"), "t/second t/d");
  EXPECT_TRUE(taken_by(stage, "t/d", "x").starts_with("quarantined: t/second: : not JSON"));
}

TEST(WhichMessage, a_less_specific_schema_gets_what_a_more_specific_one_leaves) {
  SchemaStage stage(
      {R"(
family: home
messages:
- { name: value, topic: '{home}/{room}/{quantity}', device: '{home}-{room}', format: text, pattern: '-?\d+', when: pattern, readings: { '{quantity}': value } }
)",
       "family: any\nmessages:\n- { name: all, topic: '{device...}', format: json, when: '', readings: { v: /v } }\n"});
  EXPECT_EQ(taken_by(stage, "Long-Home/Küche/Temperatur", "21"), "home/value home/Long-Home-Küche");
  EXPECT_EQ(taken_by(stage, "a/b/c"), "any/all any/a/b/c");
  EXPECT_EQ(taken_by(stage, "a/b/c", "word"), "ignored");
}

TEST(WhichMessage, what_a_schema_names_as_a_commands_topic_is_never_telemetry) {
  const std::string file = R"(
family: z
messages:
- { name: device, topic: 'z/{device...}', format: json, readings: { v: /v } }
commands:
  set: { topic: 'z/{device...}/set', params: { state: { type: string } }, payload: { state: "{state}" } }
  get: { topic: 'z/{device}/get/{what}', params: { what: {} } }
)";
  SchemaStage stage({file}, {Unmatched::quarantine, ""});
  EXPECT_EQ(taken_by(stage, "z/lamp"), "z/device z/lamp");
  EXPECT_EQ(taken_by(stage, "z/lamp/set"), "ignored");
  EXPECT_EQ(taken_by(stage, "z/living/room/lamp/set"), "ignored");
  EXPECT_EQ(taken_by(stage, "z/lamp/get/state"), "ignored");
  EXPECT_EQ(taken_by(stage, "z/set"), "z/device z/set");
}

TEST(WhichMessage, a_cut_message_is_quarantined_unread_where_anybody_wants_it) {
  const std::string file = SchemaStage::file_with("format: json, readings: { v: /v }");
  Message message = SchemaStage::message("t/d", R"({"v":1})");
  message.payload_size = 5'000'000;
  SchemaStage stage({file});
  EXPECT_EQ(stage.send(message), "quarantined: t/m: : too large: 5000000 bytes, more than message_size_max");
  message.topic = "elsewhere";
  EXPECT_EQ(stage.send(message), "ignored");
  for (const Unmatched unmatched : {Unmatched::auto_, Unmatched::raw, Unmatched::quarantine}) {
    SchemaStage curious({file}, {unmatched, ""});
    EXPECT_EQ(curious.send(message), "quarantined: : : too large: 5000000 bytes, more than message_size_max");
  }
}

TEST(WhichMessage, a_reason_is_one_line_of_at_most_300_bytes) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { v: { at: /v, unit: W } }")});
  const Fate fate = stage.fate(SchemaStage::message("t/d", R"({"v":"a\nb)" + std::string(5000, 'x') + "\"}"));
  EXPECT_TRUE(fate.reason.starts_with("not a number: 'a bxxx")) << fate.reason;
  EXPECT_LE(fate.reason.size(), 300u);
  const Fate deep = stage.fate(SchemaStage::message("t/d", "{\"" + std::string(5000, '\xc3') + "\":"));
  EXPECT_LE(deep.reason.size(), 300u);
  EXPECT_EQ(deep.reason.find('\n'), std::string::npos);
}

TEST(WhichMessage, unmatched_messages_meet_the_policy) {
  SchemaStage none({SchemaStage::file_with("format: json, readings: { v: /v }")});
  EXPECT_EQ(none.send("x", "1"), "ignored");
  SchemaStage quarantine({SchemaStage::file_with("format: json, readings: { v: /v }")}, {Unmatched::quarantine, ""});
  EXPECT_EQ(quarantine.send("x", "1"), "quarantined: : : no schema applies to this message");
}

TEST(WhichMessage, raw_keeps_the_payload_as_it_is) {
  SchemaStage stage({}, {Unmatched::raw, ""});
  const json event = stage.send("a/b", "x\"\n")[0];
  EXPECT_EQ(event["kind"], "raw");
  EXPECT_EQ(event["device"], "auto/a/b");
  EXPECT_EQ(event["schema"], "auto/raw");
  EXPECT_EQ(event["payload"], "x\"\n");
  EXPECT_EQ(stage.send("a/b", "\x01\xff")[0]["payload_base64"], "Af8=");
  EXPECT_EQ(stage.send("a/b", "")[0]["payload"], "");
}

TEST(WhichMessage, auto_makes_readings_of_a_json_object) {
  SchemaStage stage({}, {Unmatched::auto_, ""});
  const json event = stage.send(
      "tele/x", R"({"Temp C":21.5,"list":[1,{"z":"w"}],"n":null,"a.b":2,"a":{"b":3},"ok":true,"":4,"e":{}})")[0];
  EXPECT_EQ(event["kind"], "reading");
  EXPECT_EQ(event["device"], "auto/tele/x");
  EXPECT_EQ(event["schema"], "auto/json");
  EXPECT_EQ(event["readings"], json::parse(R"({"temp_c":{"value":21.5},"list.0":{"value":1},"list.1.z":{"value":"w"},
    "a_b":{"value":2},"a.b":{"value":3},"ok":{"value":true},"_":{"value":4}})"));
  EXPECT_EQ(stage.send("x", R"({"a b":1,"a_b":2})")[0]["readings"],
            json::parse(R"({"a_b":{"value":1},"a_b_2":{"value":2}})"));
}

TEST(WhichMessage, auto_makes_a_reading_of_a_bare_value) {
  SchemaStage stage({}, {Unmatched::auto_, ""});
  const auto value = [&](const std::string& payload) {
    const json event = stage.send("x", payload)[0];
    return event["schema"] == "auto/value" ? event["readings"]["value"]["value"]
                                           : json("raw: " + event.value("payload", "?"));
  };
  EXPECT_EQ(value("21.5\n"), 21.5);
  EXPECT_EQ(value("true"), true);
  EXPECT_EQ(value("ON"), "ON");
  EXPECT_EQ(value("not_home"), "not_home");
  EXPECT_EQ(value("geöffnet"), "geöffnet");
  EXPECT_EQ(value("\"on\""), "on");
  for (const char* raw : {"", "two words", "21.5 °C", "007", "nan", "null", "[1]", "{}", "{\"a\":null}", "--",
                          "{broken", "\"a b\"", "1;2"})
    EXPECT_EQ(value(raw), "raw: " + std::string(raw));
}

TEST(WhichMessage, filters_cover_every_message_and_do_not_overlap) {
  SchemaStage stage(
      {specific, "family: b\nmessages:\n- { name: m, topic: '{device}/x', format: json, readings: { v: /v } }\n"});
  EXPECT_EQ(stage.library()->filters(), std::vector<std::string>{"#"});
  SchemaStage two({SchemaStage::file_with("format: json, readings: { v: /v }"),
                   "family: b\nmessages:\n- { name: m, topic: 'u/{device}/x', format: json, readings: { v: /v } }\n"
                   "commands: { set: { topic: 'c/{device}' } }\n"});
  EXPECT_EQ(two.library()->filters(), (std::vector<std::string>{"t/+", "u/+/x"}));
}

TEST(WhichMessage, a_value_that_matches) {
  const auto taken = [](const std::string& when, const std::string& payload) {
    return readings_of("format: json, readings: { v: /v }, when: " + when, payload) != "ignored";
  };
  const std::string rain = "{ at: /model, matches: 'WS[0-9]+' }";
  EXPECT_TRUE(taken(rain, R"({"v":1,"model":"WS90"})"));
  EXPECT_FALSE(taken(rain, R"({"v":1,"model":"xWS90"})")) << "the whole value";
  EXPECT_FALSE(taken(rain, R"({"v":1,"model":"WS90 "})"));
  EXPECT_FALSE(taken(rain, R"({"v":1})"));
  EXPECT_FALSE(taken("{ at: /model, matches: '.*' }", R"({"v":1,"model":{}})"));
  EXPECT_TRUE(taken("{ at: /n, matches: '1\\.50' }", R"({"v":1,"n":1.50})")) << "a number as it is written";
  EXPECT_TRUE(taken("{ at: '/{any}', matches: W }", R"({"v":1,"a":"V","b":"W"})"));
  EXPECT_FALSE(taken("{ at: '/{any}', matches: W }", R"({"v":1,"a":"V"})"));
}

TEST(WhichMessage, all_conditions_of_a_list) {
  const auto taken = [](const std::string& payload) {
    return readings_of(
               "format: json, readings: { v: /v }, when: [ /a, { at: /b, is: [1, 2] }, { at: /c, matches: x+ } ]",
               payload) != "ignored";
  };
  EXPECT_TRUE(taken(R"({"v":1,"a":0,"b":2,"c":"xx"})"));
  EXPECT_FALSE(taken(R"({"v":1,"b":2,"c":"xx"})"));
  EXPECT_FALSE(taken(R"({"v":1,"a":0,"b":3,"c":"xx"})"));
  EXPECT_FALSE(taken(R"({"v":1,"a":0,"b":2,"c":"y"})"));
  const std::string csv = "format: csv, readings: { v: v }, when: [ v, { at: k, matches: 'A.' } ]";
  EXPECT_EQ(readings_of(csv, "k,v\nAB,1\n"), json({{"v", 1}}));
  EXPECT_EQ(readings_of(csv, "k,v\nB,1\nAB,2\n"), "ignored") << "the first row decides";
  const std::string text =
      "format: text, pattern: '(?P<a>.)(?P<b>.)', readings: { v: b }, when: [ pattern, { at: a, is: x } ]";
  EXPECT_EQ(readings_of(text, "x1"), json({{"v", 1}}));
  EXPECT_EQ(readings_of(text, "y1"), "ignored");
  EXPECT_EQ(readings_of(text, "x1y"), "ignored");
}

TEST(WhichMessage, conditions_that_make_no_sense) {
  const auto wrong = [](const std::string& when) {
    const std::string text =
        stage::problems_of({SchemaStage::file_with("format: json, readings: { v: /v }, when: " + when)});
    return text.substr(text.find(": ") + 2);
  };
  EXPECT_EQ(wrong("[]"), "'when' is an empty list; leave it out where there is no condition\n");
  EXPECT_EQ(wrong("{ at: /a, is: 1, matches: x }"), "'is' or 'matches', not both\n");
  EXPECT_EQ(wrong("{ at: /a }"), "'when' is an address, or it needs 'is'\n");
  EXPECT_NE(wrong("{ at: /a, matches: '(' }").find("not a regular expression of RE2"), std::string::npos);
}

TopicPattern pattern(const std::string& topic, bool rest_anywhere = true) {
  Problems problems;
  const std::vector<TopicPattern> parsed = TopicPattern::parse({topic, {}}, rest_anywhere, problems);
  EXPECT_EQ(parsed.size(), 1u) << problems.text();
  return parsed.at(0);
}

TEST(TopicPattern, binds_and_renders) {
  std::vector<std::string_view> levels;
  std::vector<std::string_view> values;
  const TopicPattern middle = pattern("a/{x}/{r...}/z");
  split_levels("a/1/2/3/z", levels);
  ASSERT_TRUE(middle.matches(levels));
  middle.bind(levels, values);
  EXPECT_EQ(values, (std::vector<std::string_view>{"1", "2/3"}));
  EXPECT_EQ(middle.render(values), "a/1/2/3/z");
  EXPECT_EQ(middle.filter(), "a/+/#");
  split_levels("a/1/z", levels);
  EXPECT_FALSE(middle.matches(levels));
  split_levels("a/1/2/y", levels);
  EXPECT_FALSE(middle.matches(levels));
}

TEST(TopicTree, finds_any_number_of_patterns_at_one_cost) {
  TopicTree tree;
  for (std::uint32_t i = 0; i < 300; ++i) tree.add(pattern("f" + std::to_string(i) + "/{device}/SENSOR"), i);
  std::vector<std::string_view> levels;
  std::vector<std::uint32_t> targets;
  split_levels("f123/x/SENSOR", levels);
  tree.find(levels, targets);
  EXPECT_EQ(targets, std::vector<std::uint32_t>{123});
}

TEST(TopicTree, a_topic_of_64_kib_is_nothing_special) {
  SchemaStage stage({specific});
  EXPECT_TRUE(taken_by(stage, "a/" + std::string(65'000, '/')).starts_with("t/rest t//"));
  EXPECT_TRUE(taken_by(stage, std::string(65'535, 't')).starts_with("t/any t/ttt"));
}

}  // namespace
}  // namespace sluice::normalize
