#include "gateway/normalize/commands.h"

#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::SchemaStage;

const char* const family = R"(
family: t
messages:
  - { name: result, topic: 's/{device}/RESULT', format: json, readings: { power: /POWER, level: /LEVEL, command: /Command } }
  - { name: other, topic: 's/{device}/OTHER', format: json, readings: { power: /POWER } }
  - { name: lwt, topic: 's/{device}/LWT', format: text, kind: presence, presence: { online: 'on' } }
commands:
  power:
    topic: c/{device}/POWER{channel}
    params: { state: { type: string, enum: ["ON", "OFF", TOGGLE] }, channel: { type: integer, minimum: 1, maximum: 32 } }
    optional: [channel]
    payload: "{state}"
    latest_wins: { state: ["ON", "OFF"] }
    reply:
      - { message: result, has: power, is: { of: state, map: { "ON": true, "OFF": false } }, within: 7s }
      - { message: other, failed: { has: command, is: [Unknown, 5] } }
  level:
    topic: c/{device}/level
    params: { level: { type: number, minimum: 0, default: 50 } }
    payload: "{level}"
    qos: 0
    latest_wins: true
    reply: { message: result, has: level, is: "{level}" }
  json:
    topic: c/{device...}/json
    params: { value: {}, text: { type: string }, key: { type: string, default: k } }
    optional: [value, text]
    payload: { whole: "{value}", text: "<{text}>", list: ["{value}", 1], "{key}": true, device: "{device}" }
  written:
    topic: c/{device}/written
    params: { text: { type: string } }
    payload: '{"text":"{text}"}'
  plain:
    latest_wins: false
    topic: c/{device}/plain
    params: { text: { type: string } }
    payload: "a {text} {{text}} { no} {device}"
  path:
    topic: c/{place}/{rest...}/x
    params: { place: { type: string }, rest: { type: string } }
  code:
    topic: c/{device}/code
    params: { code: { type: string, pattern: "^[a-z]+$", not: { pattern: bad } }, list: { type: array, items: { type: integer } }, when: { type: string, format: date-time } }
    optional: [list, when]
  mode:
    topic: c/{device}/mode
    params: { mode: { type: [number, string, boolean], default: 1 }, room: { type: string } }
    optional: [room]
    payload: "{mode} {room}"
    latest_wins: { mode: [1, true], room: [null, hall] }
  publish:
    topic: "{topic...}"
    params: { topic: { type: string } }
    explicit: true
)";

class Prepare : public testing::Test {
 protected:
  std::string topic(const std::string& device, const std::string& name, const std::string& params) {
    const Commands::Prepared made = commands_.prepare(device, name, params);
    return made.command ? made.command->publish.topic : std::to_string(made.refusal.status) + " " + made.refusal.reason;
  }
  std::string payload(const std::string& name, const std::string& params) {
    const Commands::Prepared made = commands_.prepare("t/d", name, params);
    return made.command ? made.command->publish.payload
                        : std::to_string(made.refusal.status) + " " + made.refusal.reason;
  }

  SchemaStage stage_{{family}};
  Commands commands_{stage_.library()};
};

TEST_F(Prepare, what_a_schema_says) {
  const auto made = commands_.prepare("t/kitchen", "power", R"({"state":"ON"})");
  ASSERT_TRUE(made.command) << made.refusal.reason;
  EXPECT_EQ(made.command->publish.topic, "c/kitchen/POWER");
  EXPECT_EQ(made.command->publish.payload, "ON");
  EXPECT_EQ(made.command->publish.qos, 1);
  EXPECT_TRUE(made.command->latest_wins);
  EXPECT_FALSE(made.command->explicit_only);
  EXPECT_FALSE(made.command->any_topic);
  EXPECT_NE(made.command->reply, nullptr);
  EXPECT_EQ(made.command->reply_within, Duration(7000));
  EXPECT_EQ(topic("t/kitchen", "power", R"({"state":"ON","channel":3})"), "c/kitchen/POWER3");
  EXPECT_EQ(commands_.prepare("t/kitchen", "level", "{}").command->publish.qos, 0);
  EXPECT_EQ(commands_.prepare("t/a/b", "json", "{}").command->reply, nullptr);
  EXPECT_TRUE(commands_.prepare("t/d", "publish", R"({"topic":"a/b"})").command->explicit_only);
  EXPECT_TRUE(commands_.prepare("t/d", "publish", R"({"topic":"a/b"})").command->any_topic);
}

TEST_F(Prepare, what_there_is_not) {
  EXPECT_EQ(topic("kitchen", "power", "{}"),
            "404 a device is called family/name, as in tasmota/kitchen, not 'kitchen'");
  EXPECT_EQ(topic("t/", "power", "{}"), "404 a device is called family/name, as in tasmota/kitchen, not 't/'");
  EXPECT_EQ(topic("tasmota/d", "power", "{}"), "404 there is no family 'tasmota' that takes commands; there is t");
  EXPECT_EQ(topic("t/d", "powr", "{}").substr(0, 62), "404 t has no command 'powr' (did you mean 'power'?); there is ");
  EXPECT_EQ(topic("t/d", std::string(5000, 'x'), "{}").size() < 200, true);
}

TEST_F(Prepare, parameters_are_checked_in_words) {
  EXPECT_EQ(payload("power", "{}"), "400 params.state: is missing; it must be ON, OFF or TOGGLE");
  EXPECT_EQ(payload("power", R"({"state":"on"})"), "400 params.state: must be ON, OFF or TOGGLE, not 'on'");
  EXPECT_EQ(payload("power", R"({"state":true})"), "400 params.state: must be ON, OFF or TOGGLE, not true");
  EXPECT_EQ(payload("power", R"({"state":null})"), "400 params.state: must be ON, OFF or TOGGLE, not null");
  EXPECT_EQ(payload("power", R"({"stat":"ON"})"),
            "400 params.stat: there is no such parameter (did you mean 'state'?); there is state and channel");
  for (const char* channel : {"0", "33", "1.5", "1.0", "\"1\"", "1e0", "-1", "[1]"})
    EXPECT_EQ(payload("power", R"({"state":"ON","channel":)" + std::string(channel) + "}").substr(0, 61),
              "400 params.channel: must be a whole number from 1 to 32, not ")
        << channel;
  EXPECT_EQ(payload("level", R"({"level":-1})"), "400 params.level: must be a number of at least 0, not -1");
  EXPECT_EQ(payload("power", "[]"), "400 params must be a JSON object");
  EXPECT_EQ(payload("power", "{").substr(0, 21), "400 params: not JSON:");
  EXPECT_EQ(payload("power", R"({"state":"OFF","state":"ON"})"), "ON") << "the last counts";
}

TEST_F(Prepare, null_for_an_optional_parameter_is_as_if_it_were_missing) {
  EXPECT_EQ(topic("t/kitchen", "power", R"({"state":"ON","channel":null})"), "c/kitchen/POWER");
  EXPECT_EQ(payload("json", R"({"value":null,"text":null})"), payload("json", "{}"));
  EXPECT_EQ(payload("json", R"({"key":null})"), "400 params.key: must be a text, not null") << "it has a default";
  EXPECT_EQ(payload("json", R"({"value":[null]})"),
            R"({"whole":[null],"text":"<>","list":[[null],1],"k":true,"device":"d"})");
}

TEST_F(Prepare, the_latest_wins_only_where_the_schema_says_so) {
  const auto wins = [&](const std::string& name, const std::string& params) {
    const Commands::Prepared made = commands_.prepare("t/d", name, params);
    EXPECT_TRUE(made.command) << made.refusal.reason;
    return made.command && made.command->latest_wins;
  };
  EXPECT_TRUE(wins("power", R"({"state":"ON"})"));
  EXPECT_TRUE(wins("power", R"({"state":"OFF","channel":3})"));
  EXPECT_FALSE(wins("power", R"({"state":"TOGGLE"})"));
  EXPECT_TRUE(wins("level", R"({"level":7})")) << "true: whatever it says";
  EXPECT_FALSE(wins("plain", R"({"text":"x"})")) << "false";
  EXPECT_FALSE(wins("json", "{}")) << "not a word";
  // All of it must hold; numbers count by value, defaults too, and null is what was left out.
  EXPECT_TRUE(wins("mode", "{}"));
  EXPECT_TRUE(wins("mode", R"({"mode":1.0,"room":null})"));
  EXPECT_TRUE(wins("mode", R"({"mode":true,"room":"hall"})"));
  EXPECT_FALSE(wins("mode", R"({"mode":2})"));
  EXPECT_FALSE(wins("mode", R"({"mode":"1"})"));
  EXPECT_FALSE(wins("mode", R"({"mode":"true"})"));
  EXPECT_FALSE(wins("mode", R"({"mode":1,"room":"attic"})"));
}

TEST_F(Prepare, patterns_lists_and_long_texts) {
  EXPECT_EQ(payload("code", R"({"code":"abc"})"), "");
  EXPECT_EQ(payload("code", R"({"code":"abc1"})"),
            "400 params.code: must be a text that matches \"^[a-z]+$\", not 'abc1'");
  EXPECT_EQ(payload("code", R"({"code":"abc\n"})"),
            "400 params.code: must be a text that matches \"^[a-z]+$\", not 'abc '");
  EXPECT_EQ(payload("code", R"({"code":"abab"})"), "");
  EXPECT_EQ(payload("code", R"({"code":"abbad"})"), "400 params.code: is not allowed: 'abbad'");
  EXPECT_NE(payload("code", R"({"code":"a","list":[1,"x"]})").find("400 params.list: at [1]: "), std::string::npos)
      << payload("code", R"({"code":"a","list":[1,"x"]})");
  // A text that overflows the stack of std::regex.
  EXPECT_EQ(payload("code", R"({"code":")" + std::string(60'000, 'a') + "\"}"), "");
  EXPECT_EQ(payload("code", R"({"code":"a","when":")" + std::string(60'000, '1') + "\"}"),
            "400 params.when: is longer than 1024 bytes");
}

TEST_F(Prepare, a_default_counts_and_numbers_stay_as_they_are) {
  EXPECT_EQ(payload("level", "{}"), "50");
  EXPECT_EQ(payload("level", R"({"level":21.50})"), "21.50");
  EXPECT_EQ(payload("level", R"({"level":1e3})"), "1e3");
}

TEST_F(Prepare, a_json_payload_is_encoded_and_typed) {
  EXPECT_EQ(payload("json", R"({"value": { "a" : [1, null] }, "text": "x\"y\n{key}"})"),
            R"({"whole":{"a":[1,null]},"text":"<x\"y\n{key}>","list":[{"a":[1,null]},1],"k":true,"device":"d"})");
  EXPECT_EQ(payload("json", R"({"value":"a\"b","key":"q\""})"),
            R"({"whole":"a\"b","text":"<>","list":["a\"b",1],"q\"":true,"device":"d"})");
  EXPECT_EQ(payload("json", "{}"), R"({"text":"<>","list":[1],"k":true,"device":"d"})");
  EXPECT_EQ(payload("written", R"({"text":"\",\"admin\":\"1"})"), R"({"text":"\",\"admin\":\"1"})");
}

TEST_F(Prepare, a_plain_payload_takes_texts_as_they_are) {
  EXPECT_EQ(payload("plain", R"({"text":"x\"{device}\n"})"), "a x\"{device}\n {x\"{device}\n} { no} d");
}

TEST_F(Prepare, no_value_leaves_its_place_in_the_topic) {
  EXPECT_EQ(topic("t/a/b", "power", R"({"state":"ON"})"), "400 device: must not hold '/': it stands in the topic");
  EXPECT_EQ(topic("t/+", "power", R"({"state":"ON"})"), "400 device: must not hold + or #: it stands in the topic");
  EXPECT_EQ(topic("t/a#", "power", R"({"state":"ON"})"), "400 device: must not hold + or #: it stands in the topic");
  EXPECT_EQ(topic("t/a\tb", "power", R"({"state":"ON"})"),
            "400 device: must not hold control characters: it stands in the topic");
  EXPECT_EQ(topic("t/a\xc2\x85", "power", R"({"state":"ON"})"),
            "400 device: must not hold control characters: it stands in the topic");
  EXPECT_EQ(topic("t/a\xff", "power", R"({"state":"ON"})"), "400 device: must be UTF-8");
  EXPECT_EQ(topic("t/a/b", "json", "{}"), "c/a/b/json");
  EXPECT_EQ(topic("t/a//b", "json", "{}"), "400 device: must not have empty levels: it stands in the topic");
  EXPECT_EQ(topic("t/a/", "json", "{}"), "400 device: must not have empty levels: it stands in the topic");
  const auto path = [&](const std::string& place, const std::string& rest) {
    return topic("t/d", "path", json{{"place", place}, {"rest", rest}}.dump());
  };
  EXPECT_EQ(path("a", "b/c"), "c/a/b/c/x");
  EXPECT_EQ(path("", "b"), "400 params.place: must not be empty: it stands in the topic");
  EXPECT_EQ(path("a/b", "b"), "400 params.place: must not hold '/': it stands in the topic");
  EXPECT_EQ(path("a", "b/#"), "400 params.rest: must not hold + or #: it stands in the topic");
  EXPECT_EQ(path("a", std::string("b\0c", 3)),
            "400 params.rest: must not hold control characters: it stands in the topic");
  EXPECT_EQ(path("a", std::string(65536, 'b')), "400 the topic would be longer than 65535 bytes");
  EXPECT_EQ(topic("t/d", "publish", R"({"topic":"$SYS/x"})"), "400 params.topic: must not begin with $");
  EXPECT_EQ(topic("t/d", "publish", R"({"topic":"/a"})"),
            "400 params.topic: must not have empty levels: it stands in the topic");
}

TEST_F(Prepare, filters_and_families) {
  using Filters = std::vector<std::string>;
  EXPECT_EQ(commands_.reply_filters("t", "power"), (Filters{"s/+/OTHER", "s/+/RESULT"}));
  EXPECT_EQ(commands_.reply_filters("t", "plain"), Filters{});
  EXPECT_EQ(commands_.reply_filters("x", "power"), Filters{});
  EXPECT_EQ(commands_.presence_filters("t"), Filters{"s/+/LWT"});
  EXPECT_EQ(commands_.families(), Filters{"t"});
  EXPECT_EQ(commands_.of_family("t").size(), 9U);
  EXPECT_TRUE(commands_.of_family("x").empty());
}

TEST_F(Prepare, topics_of_commands_are_no_telemetry_and_take_none_away) {
  SchemaStage stage({R"(
family: t
messages: [ { name: m, topic: 'c/{device}/{what}', format: text, readings: { a: value } } ]
commands:
  power: { topic: 'c/{device}/POWER{channel}', params: { channel: { type: integer } }, optional: [channel] }
  any: { topic: '{topic...}', params: { topic: { type: string } } }
)"});
  EXPECT_EQ(stage.send("c/d/POWER", "1"), "ignored");
  EXPECT_EQ(stage.send("c/d/POWER12", "1"), "ignored");
  EXPECT_TRUE(stage.send("c/d/STATE", "1").is_array());
  EXPECT_TRUE(stage.send("c/d/POWE", "1").is_array());
}

class Matching : public Prepare {
 protected:
  /// "no", or how it ended and the readings.
  std::string match_of(const PreparedCommand& command, const std::string& schema, const std::string& device,
                       const std::string& readings, const std::string& whose) {
    Record record;
    record.device = device;
    record.schema = schema;
    record.data = R"({"device":"x","readings":)" + readings + "}";
    std::string heard = "untouched";
    const Match match = normalize::match(*command.reply, record, whose, heard);
    EXPECT_EQ(match == Match::no, heard == "untouched");
    return match == Match::no ? "no" : (match == Match::failed ? "failed " : "succeeded ") + heard;
  }
  PreparedCommand made(const std::string& name, const std::string& params) {
    const Commands::Prepared prepared = commands_.prepare("t/d", name, params);
    EXPECT_TRUE(prepared.command) << prepared.refusal.reason;
    return *prepared.command;
  }
};

TEST_F(Matching, the_right_reading_of_the_right_message_and_device) {
  const PreparedCommand on = made("power", R"({"state":"ON"})");
  const std::string yes = R"({"power":{"value":true}})";
  EXPECT_EQ(match_of(on, "t/result", "t/d", yes, "t/d"), "succeeded " + yes);
  EXPECT_EQ(match_of(on, "t/other", "t/d", yes, "t/d"), "no");
  EXPECT_EQ(match_of(on, "t/result", "t/e", yes, "t/d"), "no");
  EXPECT_EQ(match_of(on, "t/result", "t/e", yes, ""), "succeeded " + yes) << "a group";
  EXPECT_EQ(match_of(on, "t/result", "u/e", yes, ""), "no");
  for (const char* wrong : {R"({"power":{"value":false}})", R"({"power":{"value":"true"}})", R"({"power":{"value":1}})",
                            R"({"level":{"value":true}})", "{}", "[]", "5", R"({"power":true})", "{"})
    EXPECT_EQ(match_of(on, "t/result", "t/d", wrong, "t/d"), "no") << wrong;
  const PreparedCommand toggle = made("power", R"({"state":"TOGGLE"})");
  EXPECT_EQ(match_of(toggle, "t/result", "t/d", R"({"power":{"value":false}})", "t/d"),
            R"(succeeded {"power":{"value":false}})");
}

TEST_F(Matching, a_refusal) {
  const PreparedCommand on = made("power", R"({"state":"ON"})");
  const std::string unknown = R"({"power":{"value":true},"command":{"value":"Unknown"}})";
  EXPECT_EQ(match_of(on, "t/other", "t/d", unknown, "t/d"), "failed " + unknown);
  EXPECT_EQ(match_of(on, "t/other", "t/e", unknown, "t/d"), "no");
  EXPECT_EQ(match_of(on, "t/other", "t/d", R"({"command":{"value":5.0}})", "t/d"),
            R"(failed {"command":{"value":5.0}})");
  // What only tells refusals is no success when it tells something else.
  EXPECT_EQ(match_of(on, "t/other", "t/d", R"({"command":{"value":"Fine"}})", "t/d"), "no");
}

TEST_F(Matching, numbers_by_value) {
  const PreparedCommand level = made("level", R"({"level":5})");
  EXPECT_NE(match_of(level, "t/result", "t/d", R"({"level":{"value":5.0}})", "t/d"), "no");
  EXPECT_EQ(match_of(level, "t/result", "t/d", R"({"level":{"value":"5"}})", "t/d"), "no");
  EXPECT_EQ(match_of(level, "t/result", "t/d", R"({"level":{"value":6}})", "t/d"), "no");
}

}  // namespace
}  // namespace sluice::normalize
