#include <fstream>

#include <gtest/gtest.h>

#include "gateway/normalize/schema.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using stage::problems_of;
using stage::SchemaStage;
using stage::TempFolder;
using stage::wrong;

TEST(SchemaErrors, every_problem_at_once_with_its_place) {
  EXPECT_EQ(problems_of({R"(family: tasmota
titel: Tasmota
messages:
  - name: sensor
    topic: ${tele}/SENSOR
    formt: json
    readings:
      a: { at: Time, unt: W, type: nummer }
  - name: sensor
    topic: a/+/b
    format: text
    kind: readings
    readings: { x: valeu }
)"}),
            "0.yaml:2:1: unknown key 'titel' (did you mean 'title'?)\n"
            "0.yaml:4:5: a message needs 'format'\n"
            "0.yaml:5:12: '${tele}' is none of this family's settings\n"
            "0.yaml:5:12: which device is it? Neither topic, pattern nor columns have a {device}: say 'device:'\n"
            "0.yaml:6:5: unknown key 'formt' (did you mean 'format'?)\n"
            "0.yaml:8:16: an address in JSON begins with '/' (or is empty: the whole): did you mean '/Time'?\n"
            "0.yaml:8:22: unknown key 'unt' (did you mean 'unit'?)\n"
            "0.yaml:8:36: 'type' must be number, integer, boolean or string, not 'nummer' (did you mean 'number'?)\n"
            "0.yaml:9:11: there are two messages 'sensor' (the first in line 4)\n"
            "0.yaml:10:12: write {name} for one level and {name...} for the rest, not + and #\n"
            "0.yaml:12:11: 'kind' must be reading, occurrence or presence, not 'readings' (did you mean 'reading'?)\n");
}

TEST(SchemaErrors, addresses) {
  EXPECT_EQ(wrong("format: json, readings: { a: 'a/b' }"),
            "an address in JSON begins with '/' (or is empty: the whole): did you mean '/a/b'?");
  EXPECT_EQ(wrong("format: json, readings: { a: '/x{a}' }"),
            "'a' has a wildcard in its address: its name must have it too, or all values get one name");
  EXPECT_EQ(wrong("format: json, readings: { a: '/a~2' }"), "in an address ~ is written ~0, and / in a name ~1");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, unit: { at: '/{sensor}/u' } } }"),
            "nothing here is called {sensor}");
  EXPECT_EQ(wrong("format: json, readings: { '{sensr}.a': '/{sensor}/a' }"),
            "nothing here is called {sensr} (did you mean 'sensor'?)");
  EXPECT_EQ(wrong("format: json, readings: { a: '/{sensor}/a' }"),
            "'a' has a wildcard in its address: its name must have it too, or all values get one name");
  EXPECT_EQ(wrong("format: json, readings: { 'a{b': /a }"), "a { is not closed in 'a{b'");
  EXPECT_EQ(wrong("format: json, device: '{devic}', readings: { a: /a }"),
            "nothing here is called {devic} (did you mean 'device'?)");
  EXPECT_EQ(wrong("format: text, readings: { a: valeu }"),
            "'valeu' is neither 'value' nor a named group of 'pattern' (did you mean 'value'?)");
  EXPECT_EQ(wrong("format: text, pattern: '(?P<power>.*)', readings: { a: powr }"),
            "'powr' is neither 'value' nor a named group of 'pattern' (did you mean 'power'?)");
  EXPECT_EQ(wrong("format: csv, csv: { columns: [temp] }, readings: { a: tmp }"),
            "'tmp' is none of the columns (did you mean 'temp'?)");
  EXPECT_EQ(wrong("format: csv, csv: { header: false }, readings: { a: temp }"),
            "without a header and without 'columns' a column is called by its number, not 'temp'");
  EXPECT_EQ(wrong("format: csv, readings: { a: 0 }"), "a column is called by its name or its number, from 1");
}

TEST(SchemaErrors, a_bad_xpath_pattern_or_jq_program) {
  EXPECT_EQ(wrong("format: xml, readings: { a: '/a[' }"),
            "'/a[': not XPath 1.0: Unrecognized node test (at character 4)");
  EXPECT_EQ(wrong("format: xml, readings: { a: '//a[//b]' }"),
            "'//a[//b]': inside [ ] a path from the root could cost too much");
  EXPECT_EQ(wrong("format: text, pattern: '(?<n>.)', readings: { a: n }"),
            "not a regular expression of RE2: invalid perl operator: (?< (a named group is written (?P<name>...))");
  EXPECT_EQ(wrong("format: text, pattern: '(.', readings: { a: value }"),
            "not a regular expression of RE2: missing ): (.");
  EXPECT_TRUE(wrong("format: json, jq: '.a |', readings: { a: /a }").starts_with("jq: syntax error"))
      << wrong("format: json, jq: '.a |', readings: { a: /a }");
}

TEST(SchemaErrors, keys_that_belong_elsewhere) {
  EXPECT_EQ(wrong("format: json, readings: { a: /a }, csv: { header: true }"),
            "'csv' is for format: csv, and this is json");
  EXPECT_EQ(wrong("format: json, readings: { a: /a }, pattern: x"), "'pattern' is for format: text, and this is json");
  EXPECT_EQ(wrong("format: text, readings: { a: value }, jq: ."), "'jq' is for format: json, and this is text");
  EXPECT_EQ(wrong("format: csv, readings: { a: a }, each: x"),
            "'each' is for json and xml; a CSV row is one event by itself");
  EXPECT_EQ(wrong("format: text, when: pattern, readings: { a: value }"), "'when: pattern' needs a 'pattern'");
  EXPECT_EQ(wrong("format: json, readings: { a: /a }, presence: { online: x }"), "'presence' is for kind: presence");
  EXPECT_EQ(wrong("format: text, kind: presence"),
            "a message of kind presence needs 'presence: { online: ..., offline: ... }'");
  EXPECT_EQ(wrong("format: text, kind: presence, presence: { at: value }"),
            "'presence' needs what the device says when it is 'online', or 'offline'");
  EXPECT_EQ(wrong("format: text, kind: presence, presence: { online: x, offline: [y, x] }"),
            "'x' cannot mean both online and offline");
  EXPECT_EQ(wrong("format: text"), "a message of kind reading needs 'readings' (or 'rest: keep')");
}

TEST(SchemaErrors, yaml_itself) {
  EXPECT_EQ(problems_of({"family: [a\n"}), "0.yaml:2:1: not YAML: end of sequence flow not found\n");
  EXPECT_EQ(problems_of({"family: a\nfamily: b\nmessages: []\n"}),
            "0.yaml:2:1: 'family' stands here a second time (first in line 1)\n");
  EXPECT_EQ(problems_of({""}), "0.yaml:1:1: a schema file must be a map (key: value), but here is nothing\n");
  EXPECT_EQ(problems_of({"- a\n"}), "0.yaml:1:1: a schema file must be a map (key: value), but here is a list\n");
  EXPECT_EQ(problems_of({"family: a\n"}), "0.yaml:1:1: a schema file needs 'messages'\n");
  std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_NE(problems_of({bomb}).find("more than 100000 values"), std::string::npos);
  EXPECT_NE(problems_of({"family: " + std::string(5000, '[') + "\n"}), "");
}

TEST(SchemaErrors, names) {
  EXPECT_EQ(
      problems_of(
          {"family: Tas mota\nmessages:\n- { name: m, topic: '{device}', format: text, readings: { a: value } }\n"}),
      "0.yaml:1:9: a family is called by a-z 0-9 _ -, at most 64 of them, not 'Tas mota'\n");
  EXPECT_EQ(problems_of(
                {"family: auto\nmessages:\n- { name: m, topic: '{device}', format: text, readings: { a: value } }\n"}),
            "0.yaml:1:9: the family 'auto' is the gateway's own; choose another name\n");
}

TEST(SchemaErrors, topics) {
  const auto topic = [](const std::string& text) {
    return problems_of({"family: t\nmessages:\n- { name: m, topic: '" + text +
                        "', device: d, format: text, readings: { a: value } }\n"});
  };
  const std::string none_of_these =
      "a level may have one placeholder: {name}, a part as in relay_{name}, {name...}, or {name..3} with 2 to 9: '";
  for (const std::string level :
       {"x{b}{c}", "x{b...}", "x{b..2}", "{b..1}", "{b..10}", "{b..}", "{b c}", "{}", "x{", "}"})
    EXPECT_EQ(topic("a/" + level), "0.yaml:3:21: " + none_of_these + level + "' is none of these\n");
  EXPECT_EQ(topic("a/{b...}/c"),
            "0.yaml:3:21: {b...} must be the last level: elsewhere write {b..3} for up to three\n");
  EXPECT_EQ(topic("{a..2}/{b..2}"), "0.yaml:3:21: only one placeholder of a topic may take several levels\n");
  EXPECT_EQ(topic("{a..2}/{b...}"), "0.yaml:3:21: only one placeholder of a topic may take several levels\n");
  EXPECT_EQ(topic("a/{b}/{b}"), "0.yaml:3:21: the placeholder {b} stands here twice\n");
  EXPECT_EQ(topic("a/#"), "0.yaml:3:21: write {name} for one level and {name...} for the rest, not + and #\n");
}

TEST(SchemaErrors, commands) {
  EXPECT_EQ(problems_of({R"(family: t
messages: [ { name: result, topic: 't/{device}', format: json, readings: { a: /a } } ]
commands:
  power: { topic: 'c/{device}', payload: '{stat}', params: { state: { type: string } }, reply: { message: t/reslt, has: a, within: soon } }
  Bad: { payload: x, parms: {} }
)"}),
            "0.yaml:4:42: nothing here is called {stat} (did you mean 'state'?)\n"
            "0.yaml:4:107: there is no message 't/reslt' (did you mean 't/result'?)\n"
            "0.yaml:4:132: 'within' must be a duration such as 5s, at most 10m, not 'soon'\n"
            "0.yaml:5:3: a command is called by a-z 0-9 _ -, at most 64 of them, not 'Bad'\n"
            "0.yaml:5:8: a command needs 'topic'\n"
            "0.yaml:5:22: unknown key 'parms' (did you mean 'params'?)\n");
}

TEST(SchemaErrors, a_command_is_read_whole) {
  SchemaStage stage({R"(
family: t
settings: { base: z }
messages: [ { name: result, topic: 't/{device}', format: json, readings: { a: /a } } ]
commands:
  power:
    about: Switch it.
    topic: ${base}/{device}/set
    qos: 0
    retain: false
    explicit: true
    latest_wins: true
    optional: [level]
    params: { state: { type: string, enum: ["ON", "OFF"] }, level: { type: number, maximum: 100 } }
    payload: { state: "{state}", level: "{level}", fixed: 1 }
    reply:
      - { message: result, has: a, is: "{state}", within: 7s }
      - { message: [t/result, result], has: "a{level}", is: { of: state, map: { "ON": 1 } }, where: { level: [null, 1], state: "ON" }, failed: { has: b, is: [x, 2] } }
)"});
  const CommandSchema& command = stage.library()->families()[0].commands.at(0);
  EXPECT_EQ(command.topic.text, "z/{device}/set");
  EXPECT_EQ(command.payload.text, R"({"state":"{state}","level":"{level}","fixed":1})");
  EXPECT_EQ(command.params[0].json_schema, R"({"type":"string","enum":["ON","OFF"]})");
  EXPECT_EQ(command.params[1].json_schema, R"({"type":"number","maximum":100})");
  EXPECT_FALSE(command.params[0].optional);
  EXPECT_TRUE(command.params[1].optional);
  EXPECT_EQ(command.qos, 0);
  EXPECT_TRUE(command.explicit_only);
  EXPECT_TRUE(command.latest_wins);
  EXPECT_TRUE(command.latest_wins_where.empty());
  ASSERT_EQ(command.replies.size(), 2U);
  EXPECT_EQ(command.replies[0].messages[0].text, "t/result");
  EXPECT_EQ(command.replies[0].is->param, "state");
  EXPECT_EQ(command.replies[0].within, Duration(7000));
  EXPECT_EQ(command.replies[1].messages.size(), 2U);
  EXPECT_EQ(command.replies[1].is->map[0].first, "ON");
  EXPECT_EQ(command.replies[1].where[0].is[0].kind, Scalar::Kind::null);
  EXPECT_EQ(command.replies[1].where[1].is[0].text, "ON");
  EXPECT_EQ(command.replies[1].failed->is[1].kind, Scalar::Kind::number);
  EXPECT_EQ(command.replies[1].within, Duration(5000));
}

/// The one problem of a command of the family `t`, whose one message is t/result.
std::string wrong_command(const std::string& command) {
  std::string text =
      problems_of({"family: t\nmessages: [ { name: result, topic: 't/{device}', format: json, readings: { a: /a } } ]\n"
                   "commands: { c: { " +
                   command + " } }\n"});
  if (text.empty() || text.find('\n') + 1 != text.size()) return text;
  text = text.substr(text.find(": ") + 2);
  return text.substr(0, text.size() - 1);
}

TEST(SchemaErrors, topics_and_payloads_of_commands) {
  EXPECT_EQ(wrong_command("topic: 'c/{devic}'"), "nothing here is called {devic} (did you mean 'device'?)");
  EXPECT_EQ(wrong_command("topic: 'c/a{b}{device}'"),
            "a level may have one placeholder: {name}, a part as in relay_{name}, {name...}, or {name..3} with 2 to 9: "
            "'a{b}{device}' is none of these");
  EXPECT_EQ(wrong_command("topic: 'c/{device..2}/set'"),
            "a command has one topic: write {device...} for several levels");
  EXPECT_EQ(wrong_command("topic: 'c/{device}', payload: { '{x}': 1 }"), "nothing here is called {x}");
  EXPECT_EQ(wrong_command("topic: 'c/{device}', payload: '{\"a\":[\"b{x}\"]}'"), "nothing here is called {x}");
  EXPECT_EQ(wrong_command("topic: 'c/{device}', retain: true"),
            "a retained command would be executed again at every connection: leave 'retain' out");
}

TEST(SchemaErrors, parameters_of_commands) {
  const auto param = [](const std::string& schema) {
    return wrong_command("topic: 'c/{device}', params: { p: { " + schema + " } }");
  };
  EXPECT_EQ(param("type: strng"), "the parameter 'p': not a JSON Schema: Unrecognised JSON type name 'strng'");
  EXPECT_TRUE(param("type: integer, minimum: low").starts_with("the parameter 'p': not a JSON Schema: "));
  EXPECT_EQ(param("type: integer, maximun: 5"),
            "the parameter 'p': there is no keyword 'maximun' (did you mean 'maximum'?)");
  EXPECT_EQ(param("type: string, pattern: '('"), "the parameter 'p': not a regular expression of RE2: missing ): (");
  EXPECT_EQ(param("type: array, items: { pattern: x }"),
            "the parameter 'p': 'pattern' is not possible inside a parameter; 'pattern' is, of the parameter itself");
  EXPECT_EQ(param("$ref: '#'"), "the parameter 'p': '$ref' is not possible here: write the schema out");
  EXPECT_EQ(param("multipleOf: 0"), "the parameter 'p': 'multipleOf' must be above 0");
  EXPECT_EQ(param("type: integer, default: x"),
            "the parameter 'p': its default is not allowed by it: must be a whole number, not 'x'");
  EXPECT_EQ(wrong_command("topic: 'c/{device}', params: { device: { type: string } }"),
            "a parameter must not be called 'device': {device} is the device");
  EXPECT_EQ(wrong_command("topic: 'c/{device}', params: { state: { type: string } }, optional: [stat]"),
            "there is no parameter 'stat' (did you mean 'state'?)");
  EXPECT_EQ(wrong_command("topic: 'c/{device}/{p}', params: { p: { type: string } }, optional: [p]"),
            "the parameter 'p' is a whole level of the topic: it cannot be optional");
}

TEST(SchemaErrors, which_commands_set_a_state) {
  const auto wins = [](const std::string& text) {
    return wrong_command("topic: 'c/{device}', params: { state: { type: string } }, latest_wins: " + text);
  };
  EXPECT_EQ(wins("{ stat: [on, off] }"), "there is no parameter 'stat' (did you mean 'state'?)");
  EXPECT_EQ(wins("{ state: [] }"), "an empty list: nothing could be among it");
  EXPECT_EQ(wins("{ state: { is: on } }"), "here must be a single value, not a map");
  EXPECT_EQ(wins("sometimes"), "'latest_wins' must be true or false, not 'sometimes'");
  for (const char* none : {"{}", "[state]", ""})
    EXPECT_EQ(wins(none), "'latest_wins' must say which values of which parameters, as in { channel: [null, 1] }")
        << none;
  SchemaStage stage(
      {"family: t\ncommands: { c: { topic: 'c/{device}', params: { state: { type: string } }, latest_wins: "
       "{ state: [on, 1, null] } } }\n"});
  const CommandSchema& command = stage.library()->families()[0].commands.at(0);
  EXPECT_TRUE(command.latest_wins);
  ASSERT_EQ(command.latest_wins_where.size(), 1U);
  EXPECT_EQ(command.latest_wins_where[0].param, "state");
  EXPECT_EQ(command.latest_wins_where[0].is,
            (std::vector<Scalar>{{Scalar::Kind::string, "on"}, {Scalar::Kind::number, "1"}, {Scalar::Kind::null, ""}}));
}

TEST(SchemaErrors, replies_of_commands) {
  const auto reply = [](const std::string& text) {
    return wrong_command("topic: 'c/{device}', params: { state: { type: string } }, reply: " + text);
  };
  EXPECT_EQ(reply("{ message: reslt }"), "there is no message 't/reslt' (did you mean 't/result'?)");
  EXPECT_EQ(reply("[]"), "'reply' is an empty list; leave it out where nothing answers");
  EXPECT_EQ(reply("{ has: a }"), "a reply needs 'message'");
  EXPECT_EQ(reply("{ message: result, has: 'a{stat}' }"), "there is no parameter 'stat' (did you mean 'state'?)");
  EXPECT_EQ(reply("{ message: result, has: a, is: '{stat}' }"), "there is no parameter 'stat' (did you mean 'state'?)");
  EXPECT_EQ(reply("{ message: result, where: { stat: 1 } }"), "there is no parameter 'stat' (did you mean 'state'?)");
  EXPECT_EQ(reply("{ message: result, where: {} }"),
            "'where' must say which values of which parameters, as in { channel: [null, 1] }");
  EXPECT_EQ(reply("{ message: result, is: 5 }"), "'is' needs 'has', or must be a {parameter} that is an object");
  EXPECT_EQ(reply("{ message: result, failed: { is: x } }"), "'failed' needs 'has'");
  EXPECT_EQ(reply("{ message: result, within: 11m }"),
            "'within' must be a duration such as 5s, at most 10m, not '11m'");
}

TEST(SchemaErrors, a_family_of_commands_alone) {
  SchemaStage stage({"family: t\ncommands: { c: { topic: '{topic...}', params: { topic: { type: string } } } }\n"});
  EXPECT_TRUE(stage.library()->families()[0].messages.empty());
}

class Folders : public testing::Test {
 protected:
  static std::string family(const std::string& name, const std::string& topic) {
    return "family: " + name + "\nsettings: { base: " + topic +
           " }\nmessages:\n- { name: m, topic: '${base}/{device}', format: text, " +
           "readings: { a: value }, examples: [ { topic: " + topic + "/d, payload: '1', event: { device: " + name +
           "/d } } ] }\n";
  }
  static void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }
  std::string filters(std::optional<std::vector<FamilyUse>> use = {}) {
    Problems problems;
    const auto library = Library::load({shipped_.path(), {own_.path()}, std::move(use)}, problems);
    if (library == nullptr) return problems.text();
    std::string text;
    for (const std::string& filter : library->filters()) text += filter + " ";
    return text;
  }

  TempFolder shipped_;
  TempFolder own_;
};

TEST_F(Folders, a_family_of_ones_own_replaces_a_shipped_one) {
  write(shipped_ / "a.yaml", family("a", "shipped"));
  write(shipped_ / "b.yaml", family("b", "b"));
  write(own_ / "x.yml", family("a", "own"));
  write(own_ / "readme.txt", "not a schema");
  EXPECT_EQ(filters(), "b/+ own/+ ");
}

TEST_F(Folders, two_families_with_one_name_are_refused) {
  write(own_ / "x.yaml", family("a", "x"));
  write(own_ / "y.yaml", family("a", "y"));
  EXPECT_EQ(filters(), (own_ / "y.yaml").string() + ":1:9: the family 'a' is there already, in " +
                           (own_ / "x.yaml").string() + ":1\n");
}

TEST_F(Folders, use_chooses_families_and_changes_their_settings) {
  write(shipped_ / "a.yaml", family("a", "a"));
  write(shipped_ / "b.yaml", family("b", "b"));
  EXPECT_EQ(filters({{{"b", {{"base", {"z2m/home"}}}, {}}}}), "z2m/home/+ ");
  const Place place{"sluice.yaml", 7, 9};
  EXPECT_EQ(filters({{{"c", {}, place}, {"a", {{"bse", {"x"}}}, place}, {"a", {}, place}}}),
            "sluice.yaml:7:9: there is no family 'c'\n"
            "sluice.yaml:7:9: the family 'a' stands in 'use' twice\n"
            "sluice.yaml:7:9: the family has no setting 'bse' (did you mean 'base'?)\n");
}

TEST_F(Folders, examples_move_with_the_settings) {
  write(shipped_ / "a.yaml", family("a", "a"));
  Problems problems;
  const auto library = Library::load({shipped_.path(), {}, {{{"a", {{"base", {"z2m/home"}}}, {}}}}}, problems);
  ASSERT_NE(library, nullptr) << problems.text();
  EXPECT_EQ(library->families()[0].messages[0].examples[0].topic, "z2m/home/d");
}

TEST_F(Folders, a_mistake_in_a_family_that_is_not_used_is_told_too) {
  write(shipped_ / "a.yaml", family("a", "a"));
  write(own_ / "b.yaml", "family: b\nmessages: 5\n");
  EXPECT_EQ(filters({{{"a", {}, {}}}}),
            (own_ / "b.yaml").string() + ":2:11: 'messages' must be a list of messages (- name: ...)\n");
}

TEST_F(Folders, a_folder_that_is_not_there_and_a_single_file) {
  Problems problems;
  EXPECT_EQ(Library::load({{}, {own_ / "none"}, {}}, problems), nullptr);
  EXPECT_EQ(problems.text(),
            (own_ / "none").string() + ": cannot read this file or folder of schemas: No such file or directory\n");
  write(own_ / "x.yaml", family("a", "x"));
  write(own_ / "y.yaml", family("a", "y"));
  Problems none;
  const auto library = Library::load({{}, {own_ / "x.yaml"}, {}}, none);
  ASSERT_NE(library, nullptr) << none.text();
  EXPECT_EQ(library->filters(), std::vector<std::string>{"x/+"});
}

}  // namespace
}  // namespace sluice::normalize
