#include <gtest/gtest.h>

#include "gateway/normalize/number_text.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::readings_of;

/// The value that a reading with these options makes of a JSON value; or what the message becomes.
json value_of(const std::string& options, const std::string& said) {
  const json readings =
      readings_of("format: json, readings: { v: { at: /v, " + options + " } }", "{\"v\":" + said + "}");
  return readings.is_object() ? readings["v"] : readings;
}

std::string refusal(const std::string& options, const std::string& said) {
  const json value = value_of(options, said);
  const std::string begin = "quarantined: t/m: v: ";
  return value.is_string() && value.get<std::string>().starts_with(begin)
             ? value.get<std::string>().substr(begin.size())
             : "taken as " + value.dump();
}

TEST(Values, a_number) {
  EXPECT_EQ(value_of("type: number", "21.5"), 21.5);
  EXPECT_EQ(value_of("type: number", "\"69.8\""), 69.8);
  EXPECT_EQ(value_of("type: number", "\"00750\""), 750);
  EXPECT_EQ(value_of("unit: W", "\"+.5\""), 0.5);
  EXPECT_EQ(refusal("type: number", "\"abc\""), "not a number: 'abc' (v)");
  EXPECT_EQ(refusal("unit: W", "\"\""), "not a number: '' (v)");
  EXPECT_EQ(refusal("min: 0", "true"), "not a number: 'true' (v)");
  for (const char* none : {"nan", "NaN", "inf", "-Infinity", "0x1F", "1,5", "1 2", "1e", "--1", "1.2.3"})
    EXPECT_EQ(refusal("type: number", "\"" + std::string(none) + "\""),
              "not a number: '" + std::string(none) + "' (v)");
  EXPECT_EQ(refusal("type: number", "\"1e999\""), "out of range: '1e999' (v)");
}

TEST(Values, an_integer) {
  EXPECT_EQ(value_of("type: integer", "7"), 7);
  EXPECT_EQ(value_of("type: integer", "21.0").dump(), "21");
  EXPECT_EQ(value_of("type: integer", "1e3").dump(), "1000");
  EXPECT_EQ(value_of("type: integer", "9007199254740993").dump(), "9007199254740993");
  EXPECT_EQ(value_of("type: integer, min: 0", "9007199254740993").dump(), "9007199254740993");
  EXPECT_EQ(refusal("type: integer", "21.5"), "not an integer: '21.5' (v)");
  EXPECT_EQ(refusal("type: integer", "true"), "not an integer: 'true' (v)");
}

TEST(Values, a_boolean) {
  EXPECT_EQ(value_of("type: boolean", "true"), true);
  EXPECT_EQ(value_of("type: boolean", "\"false\""), false);
  EXPECT_EQ(value_of("type: boolean", "1"), true);
  EXPECT_EQ(refusal("type: boolean", "\"ON\""), "not a boolean: 'ON' (v)");
  EXPECT_EQ(refusal("type: boolean", "2"), "not a boolean: '2' (v)");
}

TEST(Values, a_string) {
  EXPECT_EQ(value_of("type: string", "\"a\\\"\\n\""), "a\"\n");
  EXPECT_EQ(value_of("type: string", "12.50"), "12.50");
  EXPECT_EQ(value_of("type: string", "true"), "true");
}

TEST(Values, without_a_type_json_keeps_its_own) {
  EXPECT_EQ(value_of("required: false", "\"5\""), "5");
  EXPECT_EQ(value_of("required: false", "5"), 5);
  EXPECT_EQ(value_of("required: false", "false"), false);
}

TEST(Values, scale_and_offset_then_bounds) {
  EXPECT_EQ(value_of("scale: 0.1", "203").dump(), "20.3");
  EXPECT_EQ(value_of("scale: 0.001, unit: V", "3005").dump(), "3.005");
  EXPECT_EQ(value_of("scale: 1.8, offset: 32", "100").dump(), "212");
  EXPECT_EQ(value_of("scale: 0.1, max: 25", "250").dump(), "25");
  EXPECT_EQ(refusal("scale: 0.1, max: 25", "251"), "out of range: 25.1 is above 25 (v)");
  EXPECT_EQ(refusal("min: -40", "-127"), "out of range: -127 is below -40 (v)");
  EXPECT_EQ(refusal("scale: 10", "1e308"), "out of range: the result is no finite number (v)");
  EXPECT_EQ(value_of("min: 0, max: 100", "21.50").dump(), "21.5");
}

TEST(Values, map_goes_first_and_gives_types) {
  EXPECT_EQ(value_of(R"(map: { "ON": true, "OFF": false })", "\"OFF\""), false);
  EXPECT_EQ(value_of(R"(map: { "1": open, "0": closed })", "1"), "open");
  EXPECT_EQ(value_of(R"(map: { "1": open })", "1.0"), "open");
  EXPECT_EQ(value_of(R"(map: { a: "5", b: 5 })", "\"a\""), "5");
  EXPECT_EQ(value_of(R"(map: { a: "5", b: 5 })", "\"b\""), 5);
  EXPECT_EQ(value_of(R"(map: { "true": up })", "true"), "up");
  EXPECT_EQ(value_of(R"(map: { low: 10 }, scale: 0.1)", "\"low\""), 1.0);
  EXPECT_EQ(value_of(R"(map: { unknown: null })", "\"unknown\""), "ignored");
  EXPECT_EQ(refusal(R"(map: { "ON": true })", "\"on\""), "not in map: 'on' (v)");
}

TEST(Values, the_unit_may_be_said_by_the_device) {
  const std::string reading =
      R"(format: json, readings: { v: { at: /v, unit: { at: /u, map: { C: Cel, "": null } } } })";
  stage::SchemaStage stage({stage::SchemaStage::file_with(reading)});
  EXPECT_EQ(stage.send("t/d", R"({"v":1,"u":"C"})")[0]["readings"]["v"]["unit"], "Cel");
  EXPECT_FALSE(stage.send("t/d", R"({"v":1})")[0]["readings"]["v"].contains("unit"));
  EXPECT_FALSE(stage.send("t/d", R"({"v":1,"u":""})")[0]["readings"]["v"].contains("unit"));
  EXPECT_EQ(stage.send("t/d", R"({"v":1,"u":"K"})"), "quarantined: t/m: v: not in map: the unit 'K' (v)");
  EXPECT_EQ(readings_of("format: json, readings: { v: { at: /v, unit: { at: /u } } }", R"({"v":"x","u":"C"})"),
            "quarantined: t/m: v: not a number: 'x' (v)");
}

TEST(Values, one_wrong_value_refuses_the_whole_message) {
  EXPECT_EQ(readings_of("format: json, readings: { a: /a, '{s}.b': { at: '/{s}/b', unit: W } }",
                        R"({"a":1,"X Y":{"b":"c"}})"),
            "quarantined: t/m: x_y.b: not a number: 'c' (x_y.b)");
}

TEST(NumberText, as_devices_write_them) {
  const auto json_of = [](std::string_view text, char decimal = '.') {
    std::string out;
    return append_number(out, text, decimal) ? out : "none";
  };
  EXPECT_EQ(json_of("-007.50"), "-7.50");
  EXPECT_EQ(json_of("0"), "0");
  EXPECT_EQ(json_of("5."), "5");
  EXPECT_EQ(json_of("1E-05"), "1e-05");
  EXPECT_EQ(json_of("21,5", ','), "21.5");
  EXPECT_EQ(json_of("21.5", ','), "none");
  EXPECT_EQ(json_of("1.234,5", ','), "none");
  for (const char* none : {"", "-", ".", "e5", "1e+", " 1", "1 ", "\xd9\xa2"}) EXPECT_EQ(json_of(none), "none") << none;
  EXPECT_EQ(parse_number("1e-999"), 0.0);
  EXPECT_EQ(parse_number("-1e999"), std::nullopt);
  EXPECT_TRUE(is_plain_number("-21.5"));
  for (const char* none : {"007", "1e5", "+3", ".5", "5.", "", "-", "1.2.3"})
    EXPECT_FALSE(is_plain_number(none)) << none;
}

}  // namespace
}  // namespace sluice::normalize
