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

TEST(Values, a_computed_number_has_no_noise) {
  EXPECT_EQ(value_of("scale: 0.1, offset: -40", "401").dump(), "0.1");
  EXPECT_EQ(value_of("scale: 3", "0.1").dump(), "0.3");
  EXPECT_EQ(value_of("divisor: 3", "1").dump(), "0.333333333333333");
  EXPECT_EQ(value_of("scale: 1000", "4294967296").dump(), "4294967296000");
  EXPECT_EQ(value_of("scale: 2", "4503599627370495").dump(), "9007199254740990");
  EXPECT_EQ(value_of("scale: 0.1, offset: 0.2", "-2").dump(), "0");
  EXPECT_EQ(value_of("scale: -1", "0").dump(), "0");
  EXPECT_EQ(value_of("scale: 1", "12345678901234567890").dump(), "12345678901234567890");
}

TEST(Values, whole_numbers_in_another_base) {
  EXPECT_EQ(value_of("base: 16", "\"0x29bd58a7\"").dump(), "700274855");
  EXPECT_EQ(value_of("base: 16", "\"fF\"").dump(), "255");
  EXPECT_EQ(value_of("base: 16", "12").dump(), "18");
  EXPECT_EQ(value_of("base: 16", "\"FFFFFFFFFFFFFFFF\"").dump(), "18446744073709551615");
  EXPECT_EQ(value_of("base: 2", "\"0b101\"").dump(), "5");
  EXPECT_EQ(value_of("base: 8", "\"17\"").dump(), "15");
  EXPECT_EQ(value_of("base: 36", "\"zz\"").dump(), "1295");
  EXPECT_EQ(value_of("base: 16, scale: 0.1", "\"-A\"").dump(), "-1");
  EXPECT_EQ(value_of(R"(base: 16, map: { "0x01": 12, "0x02": "0x10" })", "\"0x01\"").dump(), "12");
  EXPECT_EQ(value_of(R"(base: 16, map: { "0x01": 12, "0x02": "0x10" })", "\"0x02\"").dump(), "16");
  EXPECT_EQ(refusal("base: 16", "\"0x\""), "not an integer in base 16: '0x' (v)");
  EXPECT_EQ(refusal("base: 16", "\"1G\""), "not an integer in base 16: '1G' (v)");
  EXPECT_EQ(refusal("base: 16", "true"), "not an integer in base 16: 'true' (v)");
  EXPECT_EQ(refusal("base: 16", "\"10000000000000000\""), "not an integer in base 16: '10000000000000000' (v)");
  EXPECT_EQ(refusal("base: 16, max: 9", "\"A\""), "out of range: 10 is above 9 (v)");
}

TEST(Values, bits_with_a_sign) {
  EXPECT_EQ(value_of("base: 16, signed: 24", "\"0xFFFFFE\"").dump(), "-2");
  EXPECT_EQ(value_of("base: 16, signed: 24", "\"7FFFFF\"").dump(), "8388607");
  EXPECT_EQ(value_of("base: 16, signed: 24", "\"800000\"").dump(), "-8388608");
  EXPECT_EQ(value_of("signed: 16", "65535").dump(), "-1");
  EXPECT_EQ(value_of("signed: 16", "-5").dump(), "-5");
  EXPECT_EQ(value_of("signed: 64", "18446744073709551615").dump(), "-1");
  EXPECT_EQ(value_of("signed: 64", "9223372036854775808").dump(), "-9223372036854775808");
  EXPECT_EQ(refusal("signed: 16", "65536"), "not an integer of 16 bits: '65536' (v)");
  EXPECT_EQ(refusal("signed: 16", "-32769"), "not an integer of 16 bits: '-32769' (v)");
  EXPECT_EQ(refusal("signed: 16", "1.5"), "not an integer of 16 bits: '1.5' (v)");
}

TEST(Values, what_it_is_multiplied_with_may_stand_in_the_message) {
  const auto scaled = [](const std::string& options, const std::string& rest) {
    return readings_of("format: json, readings: { v: { at: /v, " + options + " } }", "{\"v\":\"0x10\"," + rest + "}");
  };
  const std::string raven = "base: 16, scale: { at: /m, base: 16 }, divisor: { at: /d, base: 16 }";
  EXPECT_EQ(scaled(raven, R"("m":"0x3","d":"0x0A")")["v"].dump(), "4.8");
  EXPECT_EQ(scaled(raven, R"("m":"0x0","d":"0x00")")["v"].dump(), "16");
  EXPECT_EQ(scaled(raven, R"("m":null,"d":{})")["v"].dump(), "16");
  EXPECT_EQ(scaled(raven, R"("d":"x")"), "quarantined: t/m: v: not a number: 'x' at /d (v)");
  const std::string digits = "base: 16, divisor: { at: /d, map: { two: 100, none: null } }";
  EXPECT_EQ(scaled(digits, R"("d":"two")")["v"].dump(), "0.16");
  EXPECT_EQ(scaled(digits, R"("d":"none")")["v"].dump(), "16");
  EXPECT_EQ(scaled(digits, R"("d":"six")"), "quarantined: t/m: v: not in map: 'six' at /d (v)");
  EXPECT_EQ(scaled("base: 16, offset: { at: /o, scale: { at: /f, divisor: 10 }, offset: 1 }", R"("o":4,"f":5)")["v"],
            19);
  EXPECT_EQ(scaled("base: 16, offset: { at: /o }", R"("o":0)")["v"], 16);
  EXPECT_EQ(readings_of("format: json, readings: { '{s}.v': { at: '/{s}/v', scale: { at: '/{s}/m' } } }",
                        R"({"a":{"v":1,"m":2},"b":{"v":1,"m":3}})"),
            json({{"a.v", 2}, {"b.v", 3}}));
  EXPECT_EQ(
      readings_of("format: csv, csv: { delimiter: ';', decimal: ',' }, readings: { v: { at: v, scale: { at: m } } }",
                  "v;m\n2,5;1,5\n"),
      json({{"v", 3.75}}));
}

TEST(Values, a_unit_is_converted) {
  EXPECT_EQ(value_of("from: '[degF]', unit: Cel", "98.6").dump(), "37");
  EXPECT_EQ(value_of("from: '[degF]', unit: Cel", "32.18").dump(), "0.1");
  EXPECT_EQ(value_of("from: W.min, unit: kWh", "150000").dump(), "2.5");
  EXPECT_EQ(value_of("scale: 0.1, from: '[in_i]/h', unit: mm/h", "5").dump(), "12.7");
  EXPECT_EQ(value_of("from: hPa, unit: hPa", "1013.250").dump(), "1013.25");
  EXPECT_EQ(refusal("from: '[degF]', unit: Cel, max: 60", "212"), "out of range: 100 is above 60 (v)");
}

TEST(Values, the_device_may_say_the_unit_it_speaks_in) {
  const auto converted = [](const std::string& from, const std::string& payload) {
    const json read = readings_of("format: json, readings: { v: { at: /v, unit: Cel, from: " + from + " } }", payload);
    return read.is_object() ? read["v"].dump() : read.get<std::string>();
  };
  const std::string mapped = R"({ at: /u, map: { C: Cel, F: "[degF]", "": null } })";
  EXPECT_EQ(converted(mapped, R"({"v":50,"u":"F"})"), "10");
  EXPECT_EQ(converted(mapped, R"({"v":50.123456789012345678,"u":"C"})"), json(50.123456789012345678).dump());
  EXPECT_EQ(converted(mapped, R"({"v":50})"), "50");
  EXPECT_EQ(converted(mapped, R"({"v":50,"u":""})"), "50");
  EXPECT_EQ(converted(mapped, R"({"v":50,"u":"K"})"), "quarantined: t/m: v: not in map: 'K' at /u (v)");
  EXPECT_EQ(converted("{ at: /u }", R"({"v":300.15,"u":"K"})"), "27");
  EXPECT_EQ(converted("{ at: /u }", R"({"v":300,"u":"lx"})"),
            "quarantined: t/m: v: not in map: the unit 'lx' cannot be converted into Cel (v)");
}

TEST(Values, a_pattern_takes_the_value_out_of_a_text) {
  const std::string volts = R"(pattern: '([0-9.]+) ?V(?:olt)?', unit: V)";
  EXPECT_EQ(value_of(volts, "\"12.50 V\"").dump(), "12.5");
  EXPECT_EQ(value_of(volts, "\"3Volt\"").dump(), "3");
  EXPECT_EQ(refusal(volts, "\"12 A\""), "does not match: '12 A' (v)");
  EXPECT_EQ(value_of(R"(pattern: '(?:n/a|([0-9]+))', type: number)", "\"n/a\""), "ignored");
  EXPECT_EQ(value_of(R"(pattern: '([0-9]*)', type: number)", "\"\""), "ignored");
  EXPECT_EQ(value_of(R"(pattern: '([0-9]+)[.].*')", "21.5"), "21");
  EXPECT_EQ(value_of(R"(pattern: 'x=(\w+)', map: { on: true })", "\"x=on\""), true);
  EXPECT_EQ(value_of(R"(pattern: '#(.*)', base: 16)", "\"#ff\""), 255);
  EXPECT_EQ(readings_of(R"(format: text, readings: { v: { at: value, pattern: '(.*) lx' } })", "12 lx"),
            json({{"v", 12}}));
}

TEST(Values, what_is_left_out_has_a_default) {
  const std::string message = "format: json, readings: { v: { at: /o/v, scale: 2, offset: 1, default: 0 } }";
  EXPECT_EQ(readings_of(message, R"({"o":{}})"), json({{"v", 1}}));
  EXPECT_EQ(readings_of(message, R"({"o":{"v":null}})"), json({{"v", 1}}));
  EXPECT_EQ(readings_of(message, R"({"o":{"v":4}})"), json({{"v", 9}}));
  for (const char* without : {R"({})", R"({"o":null})", R"({"o":5})", R"({"v":1})"})
    EXPECT_EQ(readings_of(message, without), "ignored") << without;
  EXPECT_EQ(
      readings_of("format: json, readings: { v: { at: /v, default: shut, map: { shut: false, open: true } } }", "{}"),
      json({{"v", false}}));
  EXPECT_EQ(readings_of("format: json, each: /l, readings: { v: { at: /v, default: 0 } }", R"({"l":[{}]})"),
            json({{"v", 0}}));
  EXPECT_EQ(readings_of("format: csv, readings: { v: { at: v, default: 3 }, w: { at: w, default: a } }", "v;w\n,\n"),
            json({{"v", 3}, {"w", "a"}}));
  EXPECT_EQ(readings_of("format: text, pattern: 'x(?P<n>[0-9]*)', readings: { v: { at: n, default: 0 } }", "x"),
            json({{"v", 0}}));
}

TEST(Values, an_xml_element_that_is_there_has_defaults) {
  const std::string message =
      "format: xml, rest: keep, readings: { v: { at: /m/ch/v, default: 0 }, id: { at: '/m/ch/@id', default: x }, "
      "w: { at: '//w', default: 1 } }";
  EXPECT_EQ(readings_of(message, "<m><ch/></m>"), json({{"v", 0}, {"id", "x"}, {"w", 1}}));
  EXPECT_EQ(readings_of(message, "<m><ch id='7'><v>2</v></ch></m>"), json({{"v", 2}, {"id", 7}, {"w", 1}}));
  EXPECT_EQ(readings_of(message, "<m><no/></m>"), json({{"w", 1}}));
  stage::SchemaStage stage({stage::SchemaStage::file_with(message)});
  EXPECT_EQ(stage.send("t/d", "<m><ch><o>5</o></ch></m>")[0]["rest"], json::parse(R"({"ch":{"o":"5"}})"))
      << "looking for what holds a value takes nothing";
  EXPECT_EQ(readings_of("format: xml, each: /m/ch, readings: { v: { at: v, default: 0 }, t: { at: ../t, default: 2 } }",
                        "<m><ch/></m>"),
            json({{"v", 0}, {"t", 2}}));
}

TEST(Values, the_first_address_at_which_something_stands) {
  const std::string message =
      "format: json, readings: { v: { at: [/a, /b, /c], unit: { at: [/u, /bu] }, scale: { at: [/s, /t] } } }";
  stage::SchemaStage stage({stage::SchemaStage::file_with(message)});
  const auto reading = [&](const std::string& payload) { return stage.send("t/d", payload)[0]["readings"]["v"]; };
  EXPECT_EQ(reading(R"({"a":1,"b":2,"bu":"W","t":3})"), json::parse(R"({"value":3,"unit":"W"})"));
  EXPECT_EQ(reading(R"({"a":null,"b":2,"u":"V","bu":"W","s":5,"t":3})"), json::parse(R"({"value":10,"unit":"V"})"));
  EXPECT_EQ(reading(R"({"b":{},"c":0})"), json::parse(R"({"value":0})"));
  EXPECT_EQ(stage.send("t/d", R"({"b":{}})"), "ignored");
  EXPECT_EQ(readings_of("format: json, readings: { v: { at: [/a, /b], default: 7 } }", R"({"b":2})"), json({{"v", 2}}));
  EXPECT_EQ(readings_of("format: json, readings: { v: { at: [/a, /b], default: 7 } }", "{}"), json({{"v", 7}}));
}

TEST(Values, wildcards_may_have_several_addresses) {
  EXPECT_EQ(readings_of("format: json, readings: { '{s}.t': { at: ['/{s}/t', '/{s}/temp'], required: true } }",
                        R"({"x":{"t":1,"temp":2},"y":{"temp":3}})"),
            json({{"x.t", 1}, {"y.t", 3}}));
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
