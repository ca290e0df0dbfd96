#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::SchemaStage;

SchemaStage csv(const std::string& rest) {
  return SchemaStage({SchemaStage::file_with("format: csv, " + rest)});
}

std::string reason(SchemaStage& stage, const std::string& payload) {
  return stage.fate(SchemaStage::message("t/d", payload)).reason;
}

/// The values of the reading `name` over all events.
json column(SchemaStage& stage, const std::string& payload, const std::string& name) {
  const json events = stage.send("t/d", payload);
  if (!events.is_array()) return events;
  json values = json::array();
  for (const json& event : events)
    values.push_back(event["readings"].contains(name) ? event["readings"][name]["value"] : json());
  return values;
}

TEST(Csv, each_row_is_an_event) {
  SchemaStage stage = csv(R"(time: { at: time, format: "%d.%m.%Y %H:%M" }, csv: { delimiter: ";", decimal: "," },
    readings: { temperature: { at: temp, unit: Cel }, humidity: { at: 3, unit: "%RH" } })");
  const json events = stage.send("t/d", "time;temp;hum\n01.03.2026 09:50;21,5;40\r\n01.03.2026 09:55;-3;41,25\n");
  ASSERT_EQ(events.size(), 2u) << events;
  EXPECT_EQ(events[0]["time"], "2026-03-01T08:50:00Z");
  EXPECT_EQ(events[0]["time_from"], "device");
  EXPECT_EQ(events[0]["readings"]["temperature"], json::parse(R"({"value":21.5,"unit":"Cel"})"));
  EXPECT_EQ(events[1]["readings"]["humidity"]["value"], 41.25);
}

TEST(Csv, columns_by_number_and_by_names_of_ones_own) {
  SchemaStage numbers = csv("csv: { header: false }, readings: { a: 1, b: 2 }");
  EXPECT_EQ(column(numbers, "7,8\n9", "b"), json::parse("[8,null]"));
  SchemaStage names = csv("csv: { columns: [x, y] }, readings: { y: y }");
  EXPECT_EQ(column(names, "7,8", "y"), json::parse("[8]"));
  SchemaStage replaced = csv("csv: { header: true, columns: [x, y] }, readings: { y: y }");
  EXPECT_EQ(column(replaced, "p,q\n7,8", "y"), json::parse("[8]"));
}

TEST(Csv, a_placeholder_knows_the_columns) {
  SchemaStage stage = csv(R"(device: "{device}-{station}", readings: { "{kind}.value": { at: v, unit: W } })");
  const json events = stage.send("t/d", "station,kind,v\nNorth,Power A,5\n");
  EXPECT_EQ(events[0]["device"], "t/d-North");
  EXPECT_EQ(events[0]["readings"], json::parse(R"({"power_a.value":{"value":5,"unit":"W"}})"));
}

TEST(Csv, quotes_comments_and_skipped_rows) {
  SchemaStage stage = csv(R"(csv: { comment: "#", skip_rows: 1, quote: "'" }, readings: { a: a, b: b })");
  EXPECT_EQ(column(stage, "Station 7\n# made by hand\na,b\n'x, ''y''\n# no comment',2\n#3,4\n", "a"),
            json::parse(R"(["x, 'y'\n# no comment"])"));
}

TEST(Csv, what_looks_like_a_number_or_boolean_is_one) {
  SchemaStage stage = csv("csv: { header: false }, readings: { v: 1, n: { at: 2, type: number } }");
  EXPECT_EQ(column(stage, "21.5\n007\n1e5\ntrue\nON\n -3 \n\"4\"", "v"),
            json::parse(R"([21.5,"007","1e5",true,"ON",-3,4])"));
  EXPECT_EQ(column(stage, "0,00750\n0,+5\n0, 1e3 ", "n"), json::parse("[750,5,1000.0]"));
  EXPECT_EQ(reason(stage, "0,0x1f"), "not a number: '0x1f' (n)");
}

TEST(Csv, line_ends_of_every_kind) {
  SchemaStage stage = csv("csv: { header: false }, readings: { a: 1, b: 2 }");
  for (const char* payload : {"1,2\n3,4", "1,2\r\n3,4\r\n", "1,2\r3,4\r", "\n1,2\n\n\n3,4\n\n"})
    EXPECT_EQ(column(stage, payload, "b"), json::parse("[2,4]")) << payload;
}

TEST(Csv, short_rows_lack_values_and_long_ones_are_refused) {
  SchemaStage stage = csv("readings: { t: { at: t, unit: Cel }, h: h }");
  EXPECT_EQ(column(stage, "t,h\n1\n2,\n3,4\n5,6,,\n", "h"), json::parse("[null,null,4,6]"));
  EXPECT_EQ(reason(stage, "t,h\n1,2\n21,5,40\n"), "not CSV: row 3 has 3 fields, but there are 2 columns");
}

TEST(Csv, a_header_alone_says_nothing) {
  SchemaStage stage = csv("readings: { t: t }");
  EXPECT_EQ(stage.send("t/d", "t,h\n"), "ignored");
  EXPECT_EQ(stage.send("t/d", ""), "ignored");
}

TEST(Csv, a_required_column_that_is_not_there) {
  SchemaStage stage = csv("readings: { t: { at: t, required: true } }");
  EXPECT_EQ(reason(stage, "x,h\n1,2\n"), "missing: 't' at t");
}

TEST(Csv, one_bad_row_refuses_all) {
  SchemaStage stage = csv("readings: { t: { at: t, unit: Cel } }");
  EXPECT_EQ(reason(stage, "t\n1\nx\n3\n"), "not a number: 'x' (t)");
}

TEST(Csv, what_is_no_csv) {
  SchemaStage stage = csv("readings: { t: t }");
  EXPECT_EQ(reason(stage, "t,t\n1,2"), "not CSV: the header has 't' twice");
  EXPECT_EQ(reason(stage, "t,h\n1,\"bad,2"), "not CSV: a quote in the wrong place, or not closed, in row 2");
  EXPECT_EQ(reason(stage, "t,h\n1,a\"b\"c"), "not CSV: a quote in the wrong place, or not closed, in row 2");
  EXPECT_EQ(reason(stage, "t,h\n1,\xff"), "not CSV: it is not UTF-8");
  EXPECT_EQ(reason(stage, std::string("t,h\n1\0002,3", 9)), "not CSV: it holds a NUL byte");
}

TEST(Csv, a_byte_order_mark_is_no_part_of_the_header) {
  SchemaStage stage = csv("readings: { t: t }");
  EXPECT_EQ(column(stage, "\xef\xbb\xbft,h\n1,2", "t"), json::parse("[1]"));
}

TEST(Csv, when_looks_at_the_header_and_the_first_row) {
  SchemaStage stage({R"(
family: t
messages:
- { name: rain, topic: t/d, format: csv, device: d, when: rain, readings: { rain: rain } }
- { name: vtg, topic: t/d, format: csv, device: d, csv: { header: false }, when: { at: 1, is: [$GPVTG, $GNVTG] }, readings: { speed: 2 } }
- { name: other, topic: t/d, format: csv, device: d, csv: { header: false }, when: 3, readings: { third: 3 } }
)"});
  EXPECT_EQ(stage.send("t/d", "rain,t\n1,2")[0]["schema"], "t/rain");
  EXPECT_EQ(stage.send("t/d", "$GNVTG,30.45")[0]["schema"], "t/vtg");
  EXPECT_EQ(stage.send("t/d", "$GPGGA,1,2")[0]["schema"], "t/other");
  EXPECT_EQ(stage.send("t/d", "$GPGGA,1"), "ignored");
}

TEST(Csv, rest_keeps_the_columns_nobody_named) {
  SchemaStage stage = csv("rest: keep, readings: { t: t }");
  EXPECT_EQ(stage.send("t/d", "t,h,p\n1,2,\n")[0]["rest"], json::parse(R"({"h":"2"})"));
  SchemaStage bare = csv("rest: keep, csv: { header: false }, readings: { t: 1 }");
  EXPECT_EQ(bare.send("t/d", "1,2,x")[0]["rest"], json::parse(R"({"2":"2","3":"x"})"));
}

TEST(Csv, has_10000_rows_and_no_more) {
  SchemaStage stage = csv("readings: { t: t }");
  std::string rows = "t\n";
  for (int i = 0; i < 10'000; ++i) rows += "1\n";
  EXPECT_EQ(stage.send("t/d", rows).size(), 10'000u);
  EXPECT_EQ(reason(stage, rows + "1\n"), "too many: more than 10000 rows");
  EXPECT_EQ(reason(stage, rows + "1"), "too many: more than 10000 rows");
}

}  // namespace
}  // namespace sluice::normalize
