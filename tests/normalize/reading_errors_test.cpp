#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using stage::problems_of;
using stage::SchemaStage;
using stage::wrong;

TEST(ReadingErrors, units) {
  const auto wrong_unit = [](const std::string& unit) {
    return wrong("format: json, readings: { a: { at: /a, " + unit + " } }");
  };
  EXPECT_EQ(problems_of(
                {SchemaStage::file_with("format: json, readings: { a: { at: /a, unit: { at: /u, map: { c: C } } } }")}),
            "0.yaml:3:100: 'C' is no unit of SenML or UCUM that is known here: write Cel\n");
  EXPECT_EQ(wrong_unit("unit: '%'"),
            "'%' is no unit of SenML or UCUM that is known here: write %RH (relative humidity), "
            "%EL (battery level) or /100");
  EXPECT_EQ(wrong_unit("unit: °C"), "'°C' is no unit of SenML or UCUM that is known here: write Cel");
  EXPECT_EQ(wrong_unit("unit: kvart"), "'kvart' is no unit of SenML or UCUM that is known here (did you mean 'kvar'?)");
  EXPECT_EQ(wrong_unit("unit: lux"), "'lux' is no unit of SenML or UCUM that is known here: write lx");
  EXPECT_EQ(wrong_unit("unit: KWh"), "'KWh' is no unit of SenML or UCUM that is known here: write kWh");
  EXPECT_EQ(wrong_unit("unit: cel"), "'cel' is no unit of SenML or UCUM that is known here: write Cel");
  EXPECT_EQ(wrong_unit("unit: kWh, from: F"), "'F' is no unit of SenML or UCUM that is known here: write [degF]");
  EXPECT_EQ(wrong_unit("unit: kWh, from: W"),
            "'W' cannot be converted into 'kWh': what can is J, kJ, MJ, W.s, W.min, Wh, MWh");
  EXPECT_EQ(wrong_unit("unit: '%RH', from: /100"), "'/100' cannot be converted into '%RH': nothing can");
  EXPECT_EQ(wrong_unit("unit: Cel, from: { at: /u, map: { c: Cel, p: Pa } }"),
            "'Pa' cannot be converted into 'Cel': what can is K, [degF]");
  EXPECT_EQ(wrong_unit("from: W"), "'from' is converted into 'unit': say one, as a text");
  EXPECT_EQ(wrong_unit("unit: { at: /u }, from: W"), "'from' is converted into 'unit': say one, as a text");
}

TEST(ReadingErrors, patterns_defaults_and_addresses) {
  const auto wrong_reading = [](const std::string& options) {
    return wrong("format: json, readings: { '{a}': { " + options + " } }");
  };
  const std::string groups = "the 'pattern' of a reading has one group, ( ), which takes the value; (?: ) is none";
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, pattern: '.*' } }"), groups);
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, pattern: '(.)(.)' } }"), groups);
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, pattern: '(' } }"),
            "not a regular expression of RE2: missing ): (");
  EXPECT_EQ(wrong_reading("at: '/{a}', default: 0"),
            "'default' is for one value, and a wildcard finds those that are there");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: '', default: 0 } }"),
            "'default' is for what an object or element may leave out, not for ''");
  EXPECT_EQ(wrong("format: xml, readings: { a: { at: 'count(/a/b)', default: 0 } }"),
            "'default' is for what an object or element may leave out, not for 'count(/a/b)'");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, default: null } }"),
            "'default' is what the device means where it says nothing; leave it out if that is nothing");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, default: [1] } }"),
            "here must be a single value, not a list");
  EXPECT_EQ(wrong_reading("at: ['/{a}', /b]"), "'/b' must have the same wildcards as '/{a}'");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: [] } }"), "an empty list: say where it stands");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: [/a, b] } }"),
            "an address in JSON begins with '/' (or is empty: the whole): did you mean '/b'?");
}

TEST(ReadingErrors, operands) {
  const auto wrong_operand = [](const std::string& options) {
    return wrong("format: json, readings: { a: { at: /a, " + options + " } }");
  };
  EXPECT_EQ(wrong_operand("base: 7"), "'base' must be 2, 8, 10, 16 or 36, not '7'");
  EXPECT_EQ(wrong_operand("signed: 4"), "'signed' is a number of bits, from 8 to 64");
  EXPECT_EQ(wrong_operand("signed: 65"), "'signed' must be a whole number from 0 to 64, not '65'");
  EXPECT_EQ(wrong_operand("divisor: 0"), "nothing can be divided by 0");
  EXPECT_EQ(wrong_operand("scale: { base: 16 }"), "'scale' is a number, or it needs 'at'");
  EXPECT_EQ(wrong_operand("scale: { at: m }"),
            "an address in JSON begins with '/' (or is empty: the whole): did you mean '/m'?");
  EXPECT_EQ(wrong_operand("scale: { at: '/{x}/m' }"), "nothing here is called {x}");
  EXPECT_EQ(
      wrong_operand("scale: { at: /b, scale: { at: /c, scale: { at: /d, scale: { at: /e, scale: { at: /f } } } } }"),
      "'scale' lies deeper than 4 operands in each other");
}

TEST(ReadingErrors, keys) {
  EXPECT_EQ(wrong("format: json, readings: { a: { unit: W } }"), "a reading is an address, a list of them, or it needs 'at'");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, scale: tenth } }"), "'scale' must be a number, not 'tenth'");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, min: 5, max: 1 } }"), "'a' has a min above its max");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, type: string, min: 5 } }"),
            "'a' is a string: base, signed, scale, divisor, offset, from, min and max are for numbers");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, map: {} } }"),
            "'map' must say what becomes what, as in { ON: true, OFF: false }");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, required: maybe } }"),
            "'required' must be true or false, not 'maybe'");
  EXPECT_EQ(wrong("format: json, readings: [ /a ]"), "'readings' must be a map, from a reading's name to its address");
  EXPECT_EQ(wrong("format: csv, csv: { delimiter: ';;' }, readings: { a: a }"),
            "'delimiter' must be one character, not ';;'");
  EXPECT_EQ(wrong("format: csv, csv: { delimiter: ',', decimal: ',' }, readings: { a: a }"),
            "delimiter, decimal, quote and comment must be four different characters");
}

}  // namespace
}  // namespace sluice::normalize
