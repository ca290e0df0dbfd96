#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "gateway/normalize/commands.h"
#include "gateway/normalize/document.h"
#include "gateway/normalize/examples.h"
#include "gateway/normalize/topic_tree.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::problems_of;
using stage::SchemaStage;
using stage::TempFolder;

using Strings = std::vector<std::string>;

/// Who takes a message on this topic: "m d", the message and the device.
std::string taken_by(SchemaStage& stage, const std::string& topic) {
  const json events = stage.send(topic, "1");
  if (!events.is_array()) return events.get<std::string>();
  return events[0]["schema"].get<std::string>().substr(2) + " " + events[0]["device"].get<std::string>().substr(2);
}

std::string message(const std::string& name, const std::string& topic, const std::string& device = "") {
  return "- { name: " + name + ", topic: " + topic + (device.empty() ? "" : ", device: '" + device + "'") +
         ", format: text, readings: { v: value } }\n";
}

std::string family(const std::string& messages, const std::string& settings = "") {
  return "family: t\n" + (settings.empty() ? "" : "settings: " + settings + "\n") + "messages:\n" + messages;
}

/// The family of one file, with settings as the configuration gives them.
std::shared_ptr<const Library> with_settings(const std::string& file, const Settings& settings) {
  TempFolder folder;
  std::ofstream(folder / "t.yaml") << file;
  Problems problems;
  auto library = Library::load({{}, {folder.path()}, std::vector<FamilyUse>{{"t", settings, {}}}}, problems);
  EXPECT_NE(library, nullptr) << problems.text();
  return library;
}

std::vector<TopicPattern> patterns(const std::string& topic) {
  Problems problems;
  std::vector<TopicPattern> parsed = TopicPattern::parse({topic, {}}, false, problems);
  EXPECT_FALSE(parsed.empty()) << problems.text();
  return parsed;
}

Strings filters(const std::string& topic) {
  Strings all;
  for (const TopicPattern& pattern : patterns(topic)) all.push_back(pattern.filter());
  return all;
}

TEST(Topics, a_message_may_have_several) {
  SchemaStage stage({family(message("m", "['tele/{device}/S', '{device}/tele/S', 'a/{b}/c/{device}']"))});
  EXPECT_EQ(taken_by(stage, "tele/d/S"), "m d");
  EXPECT_EQ(taken_by(stage, "d/tele/S"), "m d");
  EXPECT_EQ(taken_by(stage, "a/b/c/d"), "m d");
  EXPECT_EQ(taken_by(stage, "a/b/c"), "ignored");
  EXPECT_EQ(stage.library()->filters(), (Strings{"+/+/S", "a/+/c/+"}));
}

TEST(Topics, a_name_that_only_some_of_them_have_stands_for_nothing) {
  const auto wrong = [](const std::string& more) {
    return problems_of({"family: t\nmessages:\n- { name: m, topic: ['{site}/{device}', '{device}'], " + more + " }\n"});
  };
  const std::string some = "{site} stands in some of the message's topics, but not in all\n";
  EXPECT_EQ(wrong("device: '{site}', format: text, readings: { v: value }"), "0.yaml:3:62: " + some);
  EXPECT_EQ(wrong("format: json, readings: { '{site}': '/{site}' }"), "0.yaml:3:90: " + some);
  EXPECT_EQ(wrong("format: json, readings: { v: { at: /v, unit: { at: '/{site}' } } }"), "0.yaml:3:105: " + some);
}

TEST(Topics, every_combination_of_settings_that_are_lists) {
  const std::string two = "{ tele: ['tele/{device}', '{device}/tele'], end: [S, T], one: x }";
  SchemaStage stage({family(message("m", "'${tele}/${end}/${one}'"), two)});
  for (const std::string topic : {"tele/d/S/x", "tele/d/T/x", "d/tele/S/x", "d/tele/T/x"})
    EXPECT_EQ(taken_by(stage, topic), "m d");
  EXPECT_EQ(taken_by(stage, "tele/d/U/x"), "ignored");
  SchemaStage list({family(message("m", "['a/${tele}', 'b/${tele}']"), two)});
  for (const std::string topic : {"a/tele/d", "b/tele/d", "a/d/tele", "b/d/tele"})
    EXPECT_EQ(taken_by(list, topic), "m d");
  SchemaStage twice({family(message("m", "'${end}/{device}/${end}'"), two)});
  EXPECT_EQ(taken_by(twice, "T/d/T"), "m d");
  EXPECT_EQ(taken_by(twice, "T/d/S"), "ignored") << "one setting has one value in one topic";
}

TEST(Topics, a_setting_of_the_configuration_may_be_a_list) {
  const std::string file = family(message("m", "'${base}/{device}'"), "{ base: a }");
  EXPECT_EQ(with_settings(file, {{"base", {"b", "c/d"}}})->filters(), (Strings{"b/+", "c/d/+"}));
}

TEST(Topics, a_list_stands_in_topics_of_messages_only) {
  const std::string list = "{ base: [a, b] }";
  const std::string only = "the setting 'base' is a list: only a message's 'topic' can hold it\n";
  EXPECT_EQ(problems_of({family(message("m", "'x/{device}'", "${base}"), list)}), "0.yaml:4:43: " + only);
  EXPECT_EQ(problems_of({"family: t\nsettings: " + list + "\ncommands: { c: { topic: '${base}/{device}' } }\n"}),
            "0.yaml:3:25: " + only);
  EXPECT_EQ(problems_of({family(message("m", "'x/{device}'"), "{ base: [] }")}),
            "0.yaml:2:19: the setting 'base' must be a value, or a list of values\n");
  EXPECT_EQ(problems_of({family(message("m", "'x/{device}'"), "{ base: [[a]] }")}),
            "0.yaml:2:19: the setting 'base' must be a value, or a list of values\n");
  EXPECT_EQ(problems_of({family(message("m", "{ a: b }"))}),
            "0.yaml:3:21: 'topic' must be a text, or a list of texts\n");
}

TEST(Topics, combinations_have_a_limit) {
  std::string many = "[x0";
  for (int i = 1; i < 101; ++i) many += ",x" + std::to_string(i);
  const std::string settings = "{ a: " + many + "], b: " + many + "], c: " + many + "] }";
  const std::string text = problems_of({family(message("m", "'${a}/${b}/${c}/{device}'"), settings)});
  EXPECT_NE(text.find("4:21: more than 100 combinations of settings\n"), std::string::npos) << text;
  EXPECT_NE(problems_of({family(message("m", many + "]", "d"))}).find("more than 100 topics"), std::string::npos);
}

TEST(Topics, examples_move_to_the_settings_in_effect) {
  const std::string file = R"(family: t
settings: { base: ['a/{x}/{device}', 'q/{device}/{x}'] }
messages:
- name: m
  topic: ${base}/S
  format: text
  readings: { v: value }
  examples: [ { topic: a/1/d/S, payload: 1, event: { device: t/d } }, { topic: q/d/1/S, payload: 1, event: { device: t/d } } ]
)";
  const auto library = with_settings(file, {{"base", {"{device}/to/{x}"}}});
  const MessageSchema& message = library->families()[0].messages[0];
  EXPECT_EQ(message.examples[0].topic, "d/to/1/S");
  EXPECT_EQ(message.examples[1].topic, "d/to/1/S");
  EXPECT_TRUE(run_examples(*library).empty());
  EXPECT_EQ(with_settings(file, {})->families()[0].messages[0].examples[1].topic, "q/d/1/S");
}

TEST(Topics, up_to_so_many_levels) {
  EXPECT_EQ(filters("{device..3}/sensor/{id}/state"),
            (Strings{"+/sensor/+/state", "+/+/sensor/+/state", "+/+/+/sensor/+/state"}));
  SchemaStage stage({family(message("m", "'x/{device..3}/state'") + message("rest", "'x/{device...}'"))});
  EXPECT_EQ(taken_by(stage, "x/a/state"), "m a");
  EXPECT_EQ(taken_by(stage, "x/a/b/state"), "m a/b");
  EXPECT_EQ(taken_by(stage, "x/a/b/c/state"), "m a/b/c");
  EXPECT_EQ(taken_by(stage, "x/a/b/c/d/state"), "rest a/b/c/d/state");
  EXPECT_EQ(taken_by(stage, "x/state"), "rest state");
  SchemaStage end({family(message("m", "'{x}/{device..2}'", "{device} {x}"))});
  EXPECT_EQ(taken_by(end, "x/a"), "m a x");
  EXPECT_EQ(taken_by(end, "x/a/b"), "m a/b x");
  EXPECT_EQ(taken_by(end, "x/a/b/c"), "ignored");
  EXPECT_EQ(end.library()->filters(), (Strings{"+/+", "+/+/+"}));
}

TEST(Topics, several_levels_are_moved_and_documented_too) {
  const std::string file = R"(family: t
settings: { base: a }
messages:
- name: m
  topic: ['${base}/{device..2}/S', '{device}']
  format: text
  readings: { v: value }
  examples: [ { topic: a/x/y/S, payload: 1, event: { device: t/x/y } } ]
)";
  const auto library = with_settings(file, {{"base", {"b", "c"}}});
  EXPECT_EQ(library->families()[0].messages[0].examples[0].topic, "b/x/y/S");
  EXPECT_TRUE(run_examples(*library).empty());
  const std::string text = document(library->families()[0]);
  EXPECT_NE(text.find("- Topics: `b/{device..2}/S`, `c/{device..2}/S`, `{device}`\n"), std::string::npos) << text;
  EXPECT_NE(text.find("| `base` | `b`, `c` |\n"), std::string::npos) << text;
}

TEST(Topics, a_placeholder_may_be_part_of_a_level) {
  SchemaStage stage({family(message("switch", "'{d}/switch:{device}'") + message("relay", "'{d}/relay_{device}_on'") +
                            message("power", "'{d}/{device}_power'") + message("any", "'{d}/{device}'") +
                            message("literal", "'{d}/switch:0'", "x"))});
  EXPECT_EQ(taken_by(stage, "a/switch:12"), "switch 12");
  EXPECT_EQ(taken_by(stage, "a/relay_1_on"), "relay 1");
  EXPECT_EQ(taken_by(stage, "a/pump_power"), "power pump");
  EXPECT_EQ(taken_by(stage, "a/switch:0"), "literal x");
  EXPECT_EQ(taken_by(stage, "a/relay_on"), "any relay_on") << "what stands round it does not overlap";
  for (const std::string nothing : {"switch:", "_power", "relay__on"})
    EXPECT_EQ(taken_by(stage, "a/" + nothing), "any " + nothing) << "at least one character";
  EXPECT_EQ(stage.library()->filters(), Strings{"+/+"});
}

TEST(Topics, more_fixed_text_is_more_specific) {
  SchemaStage stage({family(message("short", "'a/{device}t'") + message("long", "'a/s{device}rt'") +
                            message("middle", "'a/s{device}'"))});
  EXPECT_EQ(taken_by(stage, "a/start"), "long ta");
  EXPECT_EQ(taken_by(stage, "a/stall"), "middle tall");
  EXPECT_EQ(taken_by(stage, "a/at"), "short a");
}

TEST(Topics, parts_do_not_take_topics_that_begin_with_a_dollar) {
  SchemaStage stage({family(message("m", "'{device}YS/x'") + message("n", "'${empty}$S{device}'"), "{ empty: '' }")});
  EXPECT_EQ(taken_by(stage, "$SYS/x"), "ignored");
  EXPECT_EQ(taken_by(stage, "SYS/x"), "m S");
  EXPECT_EQ(taken_by(stage, "$SYS"), "ignored");
}

TEST(Topics, commands_keep_parts_that_may_be_empty) {
  SchemaStage stage({"family: t\nmessages:\n" + message("m", "'c/{device}/POWER{n}'") +
                     "commands:\n  power: { topic: 'c/{device}/POWER{ch}', params: { ch: { type: string } } }\n" +
                     "  rest: { topic: 'r/{device...}/set' }\n"});
  EXPECT_EQ(taken_by(stage, "c/d/POWER"), "ignored");
  EXPECT_EQ(taken_by(stage, "c/d/POWER1"), "ignored") << "the topic of a command is never telemetry";
}

TEST(Topics, of_replies_and_presence_are_all_listened_to) {
  SchemaStage stage({R"(family: t
settings: { stat: ['stat/{device}', '{device}/stat'] }
messages:
- { name: r, topic: '${stat}/R_{n}', format: text, readings: { v: value } }
- { name: p, topic: '${stat}/{n..2}/LWT', format: text, kind: presence, presence: { online: 1 } }
commands:
  c: { topic: 'c/{device}', reply: { message: r } }
)"});
  const Commands commands(stage.library());
  EXPECT_EQ(commands.reply_filters("t", "c"), (Strings{"+/stat/+", "stat/+/+"}));
  EXPECT_EQ(commands.presence_filters("t"),
            (Strings{"+/stat/+/+/LWT", "+/stat/+/LWT", "stat/+/+/+/LWT", "stat/+/+/LWT"}));
  EXPECT_EQ(taken_by(stage, "d/stat/R_1"), "r d");
}

TEST(TopicPattern, binds_and_renders_parts_and_several_levels) {
  std::vector<std::string_view> levels, values;
  split_levels("x/b1/b2/r_7", levels);
  const TopicPattern three = patterns("{a}/{b..2}/r_{c}")[1];
  ASSERT_TRUE(three.matches(levels));
  three.bind(levels, values);
  EXPECT_EQ(values, (std::vector<std::string_view>{"x", "b1/b2", "7"}));
  EXPECT_EQ(three.render(values), "x/b1/b2/r_7");
  EXPECT_FALSE(patterns("{a}/{b..2}/r_{c}")[0].matches(levels));
}

TEST(TopicTree, agrees_with_each_pattern_by_itself) {
  const Strings texts = {"a/{x}/c",  "a/p{x}/c", "a/{x}q/c", "a/p{x}q/c", "a/pp{x}/{y}", "a/{x..3}/c",
                         "a/{x...}", "{x}/p/c",  "a/b/c",    "p{x}/{y}",  "{a..3}/p{y}", "$s/{x}"};
  std::vector<TopicPattern> all;
  TopicTree tree;
  for (const std::string& text : texts) {
    for (const TopicPattern& pattern : patterns(text)) {
      tree.add(pattern, static_cast<std::uint32_t>(all.size()));
      all.push_back(pattern);
    }
  }
  const Strings parts = {"a", "p", "b", "c", "pq", "ppq", "pxq", "ppx", "", "$s"};
  std::vector<std::string_view> levels;
  std::vector<std::uint32_t> found;
  for (std::size_t i = 0; i < 10'000; ++i) {
    std::string topic = parts[i % 10] + "/" + parts[i / 10 % 10];
    if (i / 100 % 10 > 0) topic += "/" + parts[i / 100 % 10];
    if (i / 1000 > 0) topic += "/" + parts[i / 1000];
    split_levels(topic, levels);
    tree.find(levels, found);
    std::sort(found.begin(), found.end());
    std::vector<std::uint32_t> expected;
    for (std::uint32_t k = 0; k < all.size(); ++k)
      if (all[k].matches(levels)) expected.push_back(k);
    ASSERT_EQ(found, expected) << topic;
  }
}

}  // namespace
}  // namespace sluice::normalize
