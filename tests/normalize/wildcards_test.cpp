#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::problems_of;
using stage::readings_of;
using stage::SchemaStage;

std::string wrong(const std::string& message) {
  const std::string text = problems_of({SchemaStage::file_with(message)});
  return text.substr(text.find(": ") + 2);
}

TEST(JsonWildcards, a_part_of_a_name) {
  const std::string shelly = R"(format: json, readings: { 'p{n}.power': { at: '/params/switch:{n}/apower', unit: W },
    'temp_{n}': '/params/temperature_{n}_C', '{name}': '/params/{name}' })";
  EXPECT_EQ(readings_of(shelly, R"({"params":{"switch:0":{"apower":5},"switch:12":{"apower":7},"temperature_a_C":20,
                                             "temperature__C":1,"switch:":{"apower":3},"ts":9}})"),
            json({{"p0.power", 5}, {"p12.power", 7}, {"temp_a", 20}, {"temperature__c", 1}, {"ts", 9}}));
  EXPECT_EQ(readings_of("format: json, readings: { 'v{n}': '/a{n}' }", R"(["x",{"a1":1}])"), "ignored")
      << "no part of an index";
  EXPECT_EQ(readings_of("format: json, readings: { 'v{n}': '/a~1{n}~0b' }", R"({"a/1~b":1,"a/~b":2})"),
            json({{"v1", 1}}));
}

TEST(JsonWildcards, a_part_that_is_known_is_looked_for) {
  const std::string units = R"(format: json, readings: { 't{n}': { at: '/temp_{n}', unit: { at: '/unit_{n}' } } })";
  SchemaStage stage({SchemaStage::file_with(units)});
  EXPECT_EQ(stage.send("t/d", R"({"unit_b":"K","temp_a":1,"temp_b":2,"unit_a":"Cel"})")[0]["readings"],
            json::parse(R"({"ta":{"value":1,"unit":"Cel"},"tb":{"value":2,"unit":"K"}})"));
  SchemaStage topic(
      {"family: t\nmessages:\n- { name: m, topic: '{device}/sw:{n}', format: json, readings: { v: "
       "'/switch:{n}/v', w: '/{n}' } }\n"});
  EXPECT_EQ(topic.send("d/sw:1", R"({"switch:0":{"v":4},"switch:1":{"v":5},"1":6})")[0]["readings"],
            json::parse(R"({"v":{"value":5},"w":{"value":6}})"));
  // One name by two forms in one container: what the first found must not stand for the second.
  EXPECT_EQ(
      readings_of("format: json, readings: { 'x{n}': { at: '/a{n}', unit: { at: '/{n}' } } }", R"({"a1":1,"1":"W"})"),
      json({{"x1", 1}}));
}

TEST(JsonWildcards, each_may_have_a_part) {
  SchemaStage stage({SchemaStage::file_with(
      "format: json, each: '/sw:{n}', device: '{device}/{n}', readings: { v: /v, u: '/u{n}' }")});
  const json events = stage.send("t/d", R"({"sw:1":{"v":1,"u1":5},"x":{"v":2},"sw:2":{"v":3,"u1":5}})");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["device"], "t/d/1");
  EXPECT_EQ(events[0]["readings"]["u"]["value"], 5);
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"v":{"value":3}})"));
}

TEST(JsonWildcards, wide_objects_and_lists_take_time_in_proportion) {
  // Each of the values asks for another member: to walk over all of them each time would take seconds.
  std::string parts, list = "[";
  for (int i = 0; i < 9'900; ++i) parts += "\"t" + std::to_string(i) + "\":1,";
  for (int i = 0; i < 80'000; ++i) {
    parts += "\"unit_same_hash_" + std::to_string(100'000 + i) + "_end\":\"W\",";
    list += "\"V\",";
  }
  const std::string payload = "{\"o\":{" + parts + "\"t100007\":2},\"l\":" + list + "\"W\"]}";
  const auto readings = [&](const std::string& unit) {
    SchemaStage stage({SchemaStage::file_with("format: json, readings: { 'v{n}': { at: '/o/t{n}', unit: { at: '" +
                                              unit + "' } } }")});
    return stage.send("t/d", payload)[0]["readings"];
  };
  const json by_name = readings("/o/unit_same_hash_{n}_end");
  EXPECT_EQ(by_name.size(), 9'901u);
  EXPECT_EQ(by_name["v100007"], json::parse(R"({"value":2,"unit":"W"})"));
  EXPECT_EQ(readings("/l/{n}")["v9899"], json::parse(R"({"value":1,"unit":"V"})"));
}

TEST(JsonWildcards, what_is_not_so) {
  EXPECT_EQ(wrong("format: json, readings: { a: '/x{a}{b}' }"),
            "a name may have one placeholder, as in /{sensor}/temp_{n}: 'x{a}{b}' is not so\n");
  EXPECT_EQ(wrong("format: json, readings: { a: '/x{}' }"),
            "a name may have one placeholder, as in /{sensor}/temp_{n}: 'x{}' is not so\n");
  EXPECT_EQ(wrong("format: json, readings: { a: '/~2{a}' }"), "in an address ~ is written ~0, and / in a name ~1\n");
  EXPECT_EQ(wrong("format: json, readings: { a: { at: /a, unit: { at: '/u{n}' } } }"), "nothing here is called {n}\n");
}

TEST(CsvWildcards, every_column_that_nothing_else_names) {
  const std::string all =
      R"(format: csv, device: '{site}', time: t, readings: { '{column}': '{column}', total: { at: sum, unit: { at: u } } })";
  SchemaStage stage({SchemaStage::file_with(all)});
  const json events = stage.send("t/d", "site,t,temp,sum,u,Wind Speed,\nx,2026-03-01T08:00:00Z,20,5,W,3,\ny,,,6,,,\n");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["readings"],
            json::parse(R"({"temp":{"value":20},"wind_speed":{"value":3},"total":{"value":5,"unit":"W"}})"));
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"total":{"value":6}})"));
}

TEST(CsvWildcards, parts_of_names_and_known_names) {
  const std::string parts =
      R"(format: csv, rest: keep, readings: { 't{n}': { at: 'temp{n}f', unit: { at: 'unit{n}' } } })";
  SchemaStage stage({SchemaStage::file_with(parts)});
  const json events = stage.send("t/d", "temp1f,temp2f,unit2,unit1,tempf,x\n1,2,W,V,5,6\n");
  EXPECT_EQ(events[0]["readings"], json::parse(R"({"t1":{"value":1,"unit":"V"},"t2":{"value":2,"unit":"W"}})"));
  EXPECT_EQ(events[0]["rest"], json::parse(R"({"tempf":"5","x":"6"})"));
  EXPECT_EQ(readings_of("format: csv, readings: { v: '{device}' }", "c,d\n1,2\n"), json({{"v", 2}}));
}

TEST(CsvWildcards, without_a_header_the_number) {
  EXPECT_EQ(readings_of("format: csv, csv: { header: false }, readings: { id: 2, 'c{n}': '{n}' }", "5,6,7\n"),
            json({{"id", 6}, {"c1", 5}, {"c3", 7}}));
  EXPECT_EQ(readings_of("format: csv, csv: { columns: [a, b] }, readings: { '{n}': '{n}' }", "5,6\n"),
            json({{"a", 5}, {"b", 6}}));
}

TEST(CsvWildcards, conditions_name_nothing_and_may_have_wildcards) {
  const std::string when = "format: csv, readings: { '{n}': '{n}' }, when: ";
  EXPECT_EQ(readings_of(when + "temp", "temp\n5\n"), json({{"temp", 5}}));
  EXPECT_EQ(readings_of(when + "'te{x}'", "temp\n5\n"), json({{"temp", 5}}));
  EXPECT_EQ(readings_of(when + "'to{x}'", "temp\n5\n"), "ignored");
  EXPECT_EQ(readings_of(when + "{ at: 'te{x}', is: 5 }", "temp,tent\n4,5\n"), json({{"temp", 4}, {"tent", 5}}));
  EXPECT_EQ(readings_of(when + "{ at: 'te{x}', is: 6 }", "temp,tent\n4,5\n"), "ignored");
}

TEST(CsvWildcards, a_header_with_one_name_twice_is_refused) {
  EXPECT_EQ(readings_of("format: csv, readings: { '{n}': '{n}' }", "a,b,a\n1,2,3\n"),
            "quarantined: t/m: a: not CSV: the header has 'a' twice");
  EXPECT_EQ(readings_of("format: csv, readings: { v: b }", "a,b,a\n1,2,3\n"), json({{"v", 2}}));
}

TEST(Pairs, names_and_values) {
  const std::string plain = "format: text, pairs: {}, readings: { a: { at: a, unit: W }, b: b, c: c }";
  EXPECT_EQ(readings_of(plain, " a = 1.5 &\r\n b=x y&&c=&d=7\r\n\n"), json({{"a", 1.5}, {"b", "x y"}}));
  EXPECT_EQ(readings_of(plain, "a=1&a=2&b=%41+1"), json({{"a", 2}, {"b", "%41+1"}})) << "the last; nothing decoded";
  EXPECT_EQ(readings_of(plain, "b=x=y"), json({{"b", "x=y"}}));
  EXPECT_EQ(readings_of(plain, ""), "ignored");
  EXPECT_EQ(readings_of("format: text, pairs: { delimiter: \"\\n\", sign: ':' }, readings: { t: t, h: h }",
                        "t: 20\r\nh : 40\r\n"),
            json({{"t", 20}, {"h", 40}}));
}

TEST(Pairs, encoded_as_forms_are) {
  const std::string form = "format: text, pairs: { encoding: form }, readings: { '{n}': '{n}' }";
  EXPECT_EQ(readings_of(form, "a%20b=x%3Dy%26z&c=2026-03-01+08:00&d=%&e=%zz%4&f=%0A5%0a"),
            json({{"a_b", "x=y&z"}, {"c", "2026-03-01 08:00"}, {"d", "%"}, {"e", "%zz%4"}, {"f", 5}}));
  for (const std::string bad : {"a=%ff", "a=%00x", "%c3=1"})
    EXPECT_EQ(readings_of(form, bad),
              "quarantined: t/m: : not pairs: what is encoded is not UTF-8, or holds a NUL byte");
}

TEST(Pairs, what_is_none_is_quarantined) {
  const std::string any = "format: text, pairs: {}, readings: { '{n}': '{n}' }";
  EXPECT_EQ(readings_of(any, "a=1&hello"), "quarantined: t/m: : not pairs: 'hello' has no '='");
  EXPECT_EQ(readings_of(any, "a=1& =5"), "quarantined: t/m: : not pairs: '=5' has no name");
}

TEST(Pairs, wildcards_conditions_devices_and_the_rest) {
  SchemaStage stage({R"(family: t
messages:
- { name: eco, topic: w, format: text, pairs: {}, when: PASSKEY, device: '{PASSKEY}', time: ts, rest: keep,
    readings: { 'temp{n}': { at: 'temp{n}f', unit: { at: 'u{n}' } }, 'x.{n}': 'x{n}' } }
- { name: other, topic: w, format: text, pairs: { sign: ':' }, device: d, when: { at: k, is: 5 }, readings: { k: k } }
)"});
  const json events =
      stage.send("w", "PASSKEY=p1&temp1f=50&temp2f=60&u2=W&tempf=70&ts=2026-03-01T08:00:00Z&model=m&x1=1&x2=");
  ASSERT_EQ(events.size(), 1u) << events;
  EXPECT_EQ(events[0]["device"], "t/p1");
  EXPECT_EQ(events[0]["time_from"], "device");
  EXPECT_EQ(events[0]["readings"],
            json::parse(R"({"temp1":{"value":50},"temp2":{"value":60,"unit":"W"},"x.1":{"value":1}})"));
  EXPECT_EQ(events[0]["rest"], json::parse(R"({"tempf":"70","model":"m"})"));
  EXPECT_EQ(stage.send("w", "k:5")[0]["schema"], "t/other");
  EXPECT_EQ(stage.send("w", "k=5"), "ignored");
}

TEST(Pairs, a_hundred_thousand_take_time_in_proportion) {
  std::string payload;
  for (int i = 0; i < 100'000; ++i) payload += "n" + std::to_string(i) + "=1&n" + std::to_string(i / 2) + "=2&";
  EXPECT_EQ(readings_of("format: text, pairs: {}, readings: { a: n7, b: { at: n99999, unit: { at: n3 } } }", payload),
            json({{"a", 2}, {"b", 1}}));
  EXPECT_EQ(readings_of("format: text, pairs: {}, readings: { '{n}': { at: 'n{n}', unit: { at: 'n{n}' } } }", payload),
            "quarantined: t/m: : too many: more than 10000 readings");
  EXPECT_EQ(readings_of("format: text, pairs: {}, readings: { a: a }", payload + payload),
            "quarantined: t/m: : too many: more than 200000 pairs");
}

TEST(Pairs, what_a_schema_must_not_say) {
  const std::string one = "format: text, readings: { v: v }, ";
  EXPECT_EQ(wrong(one + "pairs: {}, pattern: '(?P<v>.)'"),
            "a text is read by 'pairs' or by a 'pattern', not by both\n");
  EXPECT_EQ(wrong(one + "pairs: { sign: '&' }"), "delimiter and sign must be two different characters\n");
  EXPECT_EQ(wrong(one + "pairs: { encoding: url }"), "'encoding' must be none or form, not 'url'\n");
  EXPECT_EQ(wrong("format: json, pairs: {}, readings: { v: /v }"), "'pairs' is for format: text, and this is json\n");
  EXPECT_EQ(wrong("format: text, pairs: {}, readings: { v: '' }"), "one of the pairs is called by its name\n");
}

TEST(XmlWildcards, the_last_step) {
  EXPECT_EQ(
      readings_of("format: xml, readings: { 'h{n}': '/msg/data/h{n}', '{name}': '/msg/data/{name}' }",
                  "<msg><data><h024>1.5</h024><x:h026>2</x:h026><t>7</t><h>8</h><sub><h3>9</h3></sub></data></msg>"),
      json({{"h024", 1.5}, {"h026", 2}, {"t", 7}, {"h", 8}}));
  EXPECT_EQ(readings_of("format: xml, readings: { id: '/a/@id', '{n}': '/a/@{n}', 'x{n}': '//@s{n}' }",
                        "<a id='1' t='2' s1=''><b s2='3'/></a>"),
            json({{"id", 1}, {"t", 2}, {"x2", 3}}));
  EXPECT_EQ(readings_of("format: xml, readings: { '{n}': '//{n}' }", "<a><b>1</b><c><d>2</d><b>3</b></c></a>"),
            json({{"b", 1}, {"d", 2}}));
}

TEST(XmlWildcards, take_only_what_no_earlier_reading_took) {
  EXPECT_EQ(
      readings_of("format: xml, readings: { temp: /m/t, 's{n}': '/m/r{n}', 'x.{n}': '/m/{n}', 'a.{n}': '/m/@{n}' }",
                  "<m k='5'><t>1</t><r7>2</r7><u>3</u></m>"),
      json({{"temp", 1}, {"s7", 2}, {"x.u", 3}, {"a.k", 5}}));
}

TEST(XmlWildcards, beside_each_in_conditions_and_as_elements) {
  SchemaStage stage(
      {SchemaStage::file_with("format: xml, each: '/m/s{no}', device: 'd{no}', rest: keep, when: '/m/s{x}', readings: "
                              "{ '{n}': '{n}', 'a.{n}': '@{n}' }")});
  const json events = stage.send("t/d", "<m><s1 k='4'><t>1</t><g><u>2</u></g></s1><q/><s22><v>3</v></s22></m>");
  ASSERT_EQ(events.size(), 2u) << events;
  EXPECT_EQ(events[0]["device"], "t/d1");
  EXPECT_EQ(events[0]["readings"], json::parse(R"({"t":{"value":1},"a.k":{"value":4}})"));
  EXPECT_EQ(events[0]["rest"], json::parse(R"({"g":{"u":"2"}})"));
  EXPECT_EQ(events[1]["device"], "t/d22");
  EXPECT_EQ(stage.send("t/d", "<m><q/><s/></m>"), "ignored");
}

TEST(XmlWildcards, what_is_not_so) {
  const std::string only = "a placeholder may stand in the name of the last step, as in /values/h{n} or @{n}\n";
  for (const std::string path : {"/a{n}/b", "/a[@id='{n}']", "/a/{n}{m}", "count(/a/{n})", "/a|/b/{n}", "/a/{n}[1]"})
    EXPECT_EQ(wrong("format: xml, readings: { 'x{n}': \"" + path + "\" }"), "'" + path + "': " + only);
  EXPECT_EQ(wrong("format: xml, each: /a/b, readings: { 'x{n}': '../{n}' }"),
            "'../{n}': a wildcard must not begin upwards: each element would walk over all its neighbours\n");
  EXPECT_EQ(wrong("format: xml, readings: { v: '/a/{device}' }"),
            "'/a/{device}': {device} stands for something already: an XPath cannot look for it\n");
}

TEST(Names, of_readings_may_hold_addresses) {
  EXPECT_EQ(readings_of("format: json, readings: { '{/n}': /v, 'x.{/n}.{/u}': /w }",
                        R"({"n":"Bed Room","u":"C","v":1,"w":2})"),
            json({{"bed_room", 1}, {"x.bed_room.c", 2}}));
  EXPECT_EQ(
      readings_of("format: xml, each: /m/s, readings: { '{@id}': v, 'n.{./n}': w }", "<m><s id='A'><v>1</v></s></m>"),
      json({{"a", 1}}));
  EXPECT_EQ(readings_of("format: json, readings: { '{/n}': /v }", R"({"v":1})"),
            "quarantined: t/m: /n: missing: what the placeholder {/n} stands for");
  EXPECT_EQ(readings_of("format: json, rest: keep, readings: { '{/n}': /v }", R"({"n":"a"})"), json::object());
}

const char* const senml =
    "format: json, each: '', carry: [/bn, /bt, /bu], device: '{/bn}', time: { at: /bt, format: epoch_s }, "
    "rest: keep, readings: { '{/n}': { at: /v, unit: { at: /bu } }, '{rest}': '/{rest}' }";

TEST(Carry, elements_have_what_the_last_one_before_had) {
  SchemaStage stage({SchemaStage::file_with(senml)});
  const std::string base = R"({"bn":"dev1","bt":1772352000,"n":"a","v":1,"bu":"Cel"})";
  const json events = stage.send(
      "t/d", "[" + base + R"(,{"n":"b","v":2},{"bn":"dev2","bu":null,"n":"c","v":3,"x":4},{"n":"d","v":5,"bu":"W"}])");
  ASSERT_EQ(events.size(), 4u) << events;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i]["device"], i < 2 ? "t/dev1" : "t/dev2");
    EXPECT_EQ(events[i]["time"], "2026-03-01T08:00:00Z");
    EXPECT_EQ(events[i].contains("rest"), false);
  }
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"b":{"value":2,"unit":"Cel"}})"));
  EXPECT_EQ(events[2]["readings"], json::parse(R"({"c":{"value":3,"unit":"Cel"},"x":{"value":4}})"));
  EXPECT_EQ(events[3]["readings"], json::parse(R"({"d":{"value":5,"unit":"W"}})"));
  EXPECT_EQ(stage.send("t/d", R"([{"n":"b","v":2}])"),
            "quarantined: t/m: device: missing: what the placeholder {/bn} stands for")
      << "nothing of the message before";
}

TEST(Carry, in_xml_too_and_beside_each_only) {
  SchemaStage stage(
      {SchemaStage::file_with("format: xml, each: /m/r, carry: '@d', device: '{@d}', readings: { v: . }")});
  const json events = stage.send("t/d", "<m><r d='a'>1</r><r>2</r><r d='b'>3</r><r>4</r></m>");
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1]["device"], "t/a");
  EXPECT_EQ(events[3]["device"], "t/b");
  EXPECT_EQ(wrong("format: json, carry: /a, readings: { v: /v }"),
            "'carry' stands beside 'each': it is for what elements have from earlier ones\n");
  EXPECT_EQ(wrong("format: json, each: /e, carry: '/{a}', readings: { v: /v }"), "nothing here is called {a}\n");
}

TEST(Checksum, of_a_text) {
  const std::string text = "format: text, checksum: nmea, pattern: '(?P<a>[^,]*),(?P<b>.*)', readings: { a: a, b: b }";
  // GPGLL,5 XORed is 49.
  EXPECT_EQ(readings_of(text, "$GPGLL,5*49\r\n"), json({{"a", "GPGLL"}, {"b", 5}}));
  EXPECT_EQ(readings_of(text, "!B,3*5D"), json({{"a", "B"}, {"b", 3}}));
  EXPECT_EQ(readings_of(text, "$GPGLL,5"), json({{"a", "GPGLL"}, {"b", 5}})) << "none: accepted";
  for (const std::string bad :
       {"$GPGLL,5*4a", "$GPGLL,6*49", "$GPGLL,5*4", "$GPGLL,5*", "$GPGLL,5*491", "$GPGLL,5*+f", "$*1"})
    EXPECT_EQ(readings_of(text, bad), "quarantined: t/m: : checksum: wrong in '" + bad + "'");
  EXPECT_EQ(readings_of(text, "GPGLL,5*49"), "quarantined: t/m: : checksum: 'GPGLL,5*49' does not begin with $ or !");
  EXPECT_EQ(readings_of("format: text, checksum: nmea, readings: { v: value }", "$A*41"), json({{"v", "A"}}));
  EXPECT_EQ(readings_of("format: text, checksum: nmea, pairs: {}, readings: { a: a }", "$a=1*6d"), json({{"a", 1}}));
}

TEST(Checksum, of_each_row) {
  SchemaStage stage({SchemaStage::file_with(
      "format: csv, checksum: nmea, csv: { columns: [kind, x, y] }, readings: { x: x, y: y, '{n}': '{n}' }")});
  const json events = stage.send("t/d", "$A,1,2*42\r\n\r\n$B,3*5d\r\n$C,4,5,6\r\n");
  ASSERT_EQ(events.size(), 3u) << events;
  EXPECT_EQ(events[0]["readings"], json::parse(R"({"x":{"value":1},"y":{"value":2},"kind":{"value":"A"}})"));
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"x":{"value":3},"kind":{"value":"B"}})"));
  EXPECT_EQ(events[2]["readings"]["4"]["value"], 6) << "longer than the columns: by its number";
  EXPECT_EQ(stage.send("t/d", "$A,1,2*42\n$B,3*5c\n"), "quarantined: t/m: : checksum: wrong in '$B,3*5c'");
  EXPECT_EQ(wrong("format: json, checksum: nmea, readings: { v: /v }"), "'checksum' is for csv and text\n");
  EXPECT_EQ(wrong("format: csv, checksum: crc, readings: { v: 1 }"), "'checksum' must be nmea, not 'crc'\n");
}

}  // namespace
}  // namespace sluice::normalize
