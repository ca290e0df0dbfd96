#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::readings_of;
using stage::SchemaStage;

TEST(Json, a_message_becomes_an_event_with_everything_the_contract_names) {
  SchemaStage stage({R"(
family: tasmota
messages:
  - name: sensor
    topic: tele/{device}/SENSOR
    format: json
    time: { at: /Time, zone: local }
    readings:
      "{sensor}.temperature": { at: "/{sensor}/Temperature", unit: { at: /TempUnit, map: { C: Cel, F: "[degF]" } } }
)"});
  Message message = SchemaStage::message(
      "tele/kitchen/SENSOR", R"({"Time":"2026-03-01T10:00:00","DS18B20":{"Temperature":21.5},"TempUnit":"C"})");
  message.received_at += Duration(123);
  EXPECT_EQ(stage.send(message), json::parse(R"([{
    "device": "tasmota/kitchen", "schema": "tasmota/sensor", "topic": "tele/kitchen/SENSOR", "kind": "reading",
    "received_at": "2026-03-01T09:00:00.123Z", "time": "2026-03-01T09:00:00Z", "time_from": "device", "retained": false,
    "readings": { "ds18b20.temperature": { "value": 21.5, "unit": "Cel" } } }])"));
}

TEST(Json, addresses_are_json_pointers) {
  const std::string readings =
      R"(format: json, readings: { a: /a/b, slash: /x~1y, tilde: /x~0y, second: /list/1, empty: "/" })";
  EXPECT_EQ(readings_of(readings, R"({"a":{"b":1},"x/y":2,"x~y":3,"list":[4,5],"":6})"),
            json::parse(R"({"a":1,"slash":2,"tilde":3,"second":5,"empty":6})"));
  EXPECT_EQ(readings_of(readings, R"({"a":7,"list":{"1":8}})"), json::parse(R"({"second":8})"));
  EXPECT_EQ(readings_of("format: json, readings: { a: /list/01, b: /list/-1, c: /list/2 }", R"({"list":[4,5]})"),
            "ignored");
  EXPECT_EQ(readings_of("format: json, readings: { whole: '' }", " 21.5 "), json::parse(R"({"whole":21.5})"));
}

TEST(Json, null_is_absent) {
  EXPECT_EQ(readings_of("format: json, readings: { a: /a, b: /b }", R"({"a":null,"b":1})"), json::parse(R"({"b":1})"));
  EXPECT_EQ(readings_of("format: json, readings: { a: { at: /a, required: true } }", R"({"a":null})"),
            "quarantined: t/m: a: missing: 'a' at /a");
}

TEST(Json, wildcards_take_members_and_elements) {
  EXPECT_EQ(readings_of(R"(format: json, readings: { "{a}.{b}": "/{a}/{b}" })",
                        R"({"DS18B20-1":{"T e":1},"list":[2,3],"scalar":4,"deep":{"er":{"x":5}}})"),
            json::parse(R"({"ds18b20-1.t_e":1,"list.0":2,"list.1":3})"));
}

TEST(Json, a_placeholder_that_the_topic_binds_is_that_member) {
  EXPECT_EQ(readings_of(R"(format: json, readings: { own: "/{device}/t" })", R"({"d":{"t":1},"e":{"t":2}})"),
            json::parse(R"({"own":1})"));
}

TEST(Json, a_wildcard_passes_over_what_was_taken_before) {
  const std::string readings = R"(format: json, time: /Time, device: "{device}-{/Id}", readings: {
    "{s}.co2": "/{s}/CarbonDioxide", "{s}.t": { at: "/{s}/Temperature", unit: { at: /TempUnit } },
    "{s}.{q}": "/{s}/{q}", "{q}": "/{q}" })";
  EXPECT_EQ(
      readings_of(
          readings,
          R"({"Time":"x","Id":7,"TempUnit":"C","SCD40":{"CarbonDioxide":618,"DewPoint":9,"Temperature":1},"Extra":3})"),
      json::parse(R"({"scd40.co2":618,"scd40.t":1,"scd40.dewpoint":9,"extra":3})"));
}

TEST(Json, of_two_readings_with_one_name_the_first_in_file_order_stays) {
  EXPECT_EQ(readings_of(R"(format: json, readings: { energy.power: /ENERGY/Power, "{s}.power": "/{s}/power" })",
                        R"({"energy":{"power":2},"ENERGY":{"Power":1},"Energy":{"power":3}})"),
            json::parse(R"({"energy.power":1})"));
}

TEST(Json, a_required_reading_whose_name_is_taken_is_not_missing) {
  EXPECT_EQ(readings_of(R"(format: json, readings: { "{s}.p": "/{s}/p", a.p: { at: /a/p, required: true } })",
                        R"({"a":{"p":1}})"),
            json::parse(R"({"a.p":1})"));
}

TEST(Json, of_two_members_with_one_name_the_last_counts) {
  EXPECT_EQ(readings_of("format: json, readings: { t: /t, '{x}': '/{x}' }", R"({"t":21.5,"u":1,"t":99.9,"u":2})"),
            json::parse(R"({"t":99.9,"u":2})"));
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  EXPECT_EQ(readings_of("format: json, readings: { k: /k7 }", many + "\"z\":0}"), json::parse(R"({"k":57})"));
}

TEST(Json, an_object_or_list_is_absent_without_a_type_and_wrong_with_one) {
  EXPECT_EQ(readings_of("format: json, readings: { p: /p, 'p.{n}': '/p/{n}' }", R"({"p":[1,2]})"),
            json::parse(R"({"p.0":1,"p.1":2})"));
  EXPECT_EQ(readings_of("format: json, readings: { p: { at: /p, type: number } }", R"({"p":[1,2]})"),
            "quarantined: t/m: p: not a value: an object or a list stands there (p)");
}

TEST(Json, numbers_keep_their_digits) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { '{n}': '/{n}' }")});
  std::vector<Record> records;
  const Message message =
      SchemaStage::message("t/d", R"({"a":9007199254740993,"b":18446744073709551615,"c":-9223372036854775808,
    "d":123456789012345678901234567890,"e":21.50,"f":1E+2,"g":-0.0,"h":0.1e-400})");
  Normalizer normalizer(stage.library(), {});
  ASSERT_EQ(normalizer.normalize(message, records).kind, Fate::Kind::understood);
  const std::string& data = records[0].data;
  for (const char* part : {R"("a":{"value":9007199254740993})", R"("b":{"value":18446744073709551615})",
                           R"("c":{"value":-9223372036854775808})", R"("d":{"value":123456789012345678901234567890})",
                           R"("e":{"value":21.50})", R"("f":{"value":1e2})"})
    EXPECT_NE(data.find(part), std::string::npos) << part << " in " << data;
  EXPECT_TRUE(json::accept(data));
}

TEST(Json, each_makes_an_event_of_every_element) {
  const std::string of_list = R"(format: json, each: /devices, device: "{/id}", readings: { t: /t })";
  SchemaStage list({SchemaStage::file_with(of_list)});
  const json events = list.send("t/d", R"({"devices":[{"id":"a","t":1},{"id":"b"},null,{"id":"c","t":3}]})");
  ASSERT_EQ(events.size(), 2u) << events;
  EXPECT_EQ(events[0]["device"], "t/a");
  EXPECT_EQ(events[1]["device"], "t/c");
  EXPECT_EQ(list.send("t/d", R"({"devices":{"x":{"id":"a","t":1}}})").size(), 1u);
  EXPECT_EQ(list.send("t/d", R"({"devices":[]})"), "ignored");
  EXPECT_EQ(list.send("t/d", R"({})"), "ignored");
  EXPECT_EQ(list.send("t/d", R"({"devices":7})"), "quarantined: t/m: /devices: not a list");
  EXPECT_EQ(list.send("t/d", R"({"devices":[{"id":"a","t":1},{"t":2}]})"),
            "quarantined: t/m: device: missing: what the placeholder {/id} stands for");
}

TEST(Json, each_with_a_wildcard_binds_its_name) {
  SchemaStage stage({SchemaStage::file_with(
      R"(format: json, each: "/{node}", device: "{node}", readings: { "{node}.t": /t, "{x}": "/{x}" })")});
  const json events = stage.send("t/d", R"({"n1":{"t":1},"n2":{"t":2,"u":3}})");
  ASSERT_EQ(events.size(), 2u) << events;
  EXPECT_EQ(events[1]["device"], "t/n2");
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"n2.t":{"value":2},"u":{"value":3}})"));
}

TEST(Json, rest_keeps_what_nobody_named) {
  SchemaStage stage({SchemaStage::file_with(
      R"(format: json, rest: keep, time: /Time, readings: { t: { at: /s/t, unit: { at: /u } } })")});
  const json events = stage.send(
      "t/d", R"({"Time":"x","u":"Cel","s":{"t":1,"q":[1,{"z":null}],"e":"é\n"},"n":null,"empty":{},"b":true})");
  EXPECT_EQ(events[0]["rest"], json::parse(R"({"s":{"q":[1],"e":"é\n"},"b":true})"));
  EXPECT_EQ(events[0]["readings"], json::parse(R"({"t":{"value":1,"unit":"Cel"}})"));
  EXPECT_FALSE(stage.send("t/d", R"({"s":{"t":1}})")[0].contains("rest"));
}

TEST(Json, a_message_that_says_nothing_is_ignored) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { t: /t }")});
  EXPECT_EQ(stage.send("t/d", "{}"), "ignored");
  EXPECT_EQ(stage.send("t/d", "[1,2]"), "ignored");
  EXPECT_EQ(stage.send("t/d", "null"), "ignored");
}

TEST(Json, an_occurrence_is_an_event_without_readings_too) {
  SchemaStage stage({SchemaStage::file_with("format: json, kind: occurrence, readings: { b: /b }")});
  const json events = stage.send("t/d", "{}");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]["kind"], "occurrence");
  EXPECT_EQ(events[0]["readings"], json::object());
}

TEST(Json, what_is_no_json_is_refused_with_its_place) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { t: /t }")});
  const auto reason = [&](const std::string& payload) {
    return stage.fate(SchemaStage::message("t/d", payload)).reason;
  };
  EXPECT_EQ(reason(""), "not JSON: the payload is empty");
  EXPECT_EQ(reason(" \r\n"), "not JSON: the payload is empty");
  EXPECT_TRUE(reason(R"({"t":nan})").starts_with("not JSON: parse error at line 1, column 7"))
      << reason(R"({"t":nan})");
  EXPECT_TRUE(reason(R"({"t":1} {"t":2})").starts_with("not JSON"));
  EXPECT_TRUE(reason(std::string("{\"t\":1}\0x", 9)).starts_with("not JSON: a NUL byte at 8"));
  EXPECT_TRUE(reason("{\"t\":\"\xfc\"}").starts_with("not JSON"));
  EXPECT_TRUE(reason(R"({"t":"\ud83d"})").starts_with("not JSON"));
  EXPECT_TRUE(reason(R"({"t":1e999})").starts_with("not JSON"));
}

TEST(Json, a_closing_nul_and_a_byte_order_mark_are_passed_over) {
  SchemaStage stage({SchemaStage::file_with("format: json, readings: { t: /t }")});
  EXPECT_EQ(stage.send("t/d", std::string("{\"t\":1}\0", 8)).size(), 1u);
  EXPECT_EQ(stage.send("t/d", "\xef\xbb\xbf{\"t\":1}").size(), 1u);
}

TEST(Json, nests_64_deep_and_no_deeper) {
  SchemaStage stage({SchemaStage::file_with("format: json, rest: keep")});
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
  EXPECT_EQ(stage.send("t/d", nested(64)).size(), 1u);
  EXPECT_EQ(stage.send("t/d", nested(65)), "quarantined: t/m: : too deep: more than 64 levels");
  EXPECT_EQ(stage.send("t/d", std::string(100'000, '[')), "quarantined: t/m: : too deep: more than 64 levels");
}

TEST(Json, has_10000_elements_and_no_more) {
  SchemaStage stage({SchemaStage::file_with("format: json, each: '', readings: { v: '' }")});
  const auto list = [](std::size_t count) {
    std::string text = "[0";
    for (std::size_t i = 1; i < count; ++i) text += ",0";
    return text + "]";
  };
  EXPECT_EQ(stage.send("t/d", list(10'000)).size(), 10'000u);
  EXPECT_EQ(stage.send("t/d", list(10'001)), "quarantined: t/m: : too many: more than 10000 elements");
  SchemaStage wild({SchemaStage::file_with("format: json, readings: { 'v.{i}': '/{i}' }")});
  EXPECT_EQ(wild.send("t/d", list(10'000))[0]["readings"].size(), 10'000u);
  EXPECT_EQ(wild.send("t/d", list(10'001)), "quarantined: t/m: : too many: more than 10000 readings");
  EXPECT_EQ(wild.send("t/d", list(200'001)), "quarantined: t/m: : too many: more than 200000 values");
}

}  // namespace
}  // namespace sluice::normalize
