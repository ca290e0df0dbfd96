#include <gtest/gtest.h>

#include "gateway/normalize/xpath_cost.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::problems_of;
using stage::readings_of;
using stage::SchemaStage;

SchemaStage xml(const std::string& rest) {
  return SchemaStage({SchemaStage::file_with("format: xml, " + rest)});
}

std::string reason(SchemaStage& stage, const std::string& payload) {
  return stage.fate(SchemaStage::message("t/d", payload)).reason;
}

TEST(Xml, addresses_are_xpath) {
  EXPECT_EQ(
      readings_of(R"x(format: xml, device: "{device}-{/msg/id}", readings: {
      watts: { at: /msg/ch1/watts, unit: W }, temperature: { at: /msg/tmpr, unit: Cel }, version: /msg/@version,
      channels: count(//watts), big: /msg/tmpr > 20, name: "concat(/msg/id, '!')", none: /msg/none, empty: /msg/empty, cdata: /msg/c })x",
                  R"(<?xml version="1.0"?><msg version="1.5"><id>00077</id><ch1><watts>00365</watts></ch1>
      <ch2><watts>1</watts></ch2><tmpr> 23.3 </tmpr><empty> </empty><c><![CDATA[<x>&]]></c></msg>)"),
      json::parse(
          R"({"watts":365,"temperature":23.3,"version":1.5,"channels":2,"big":true,"name":"00077!","cdata":"<x>&"})"));
}

TEST(Xml, each_makes_an_event_of_every_node) {
  SchemaStage stage = xml(R"(each: //device, device: "{@id}", time: ../@time,
    readings: { celsius: { at: temperature/celsius, scale: 0.1, unit: Cel }, house: ../../name, self: . })");
  const json events = stage.send("t/d", R"(<home><name>H</name><list time="2026-03-01T08:00:00Z">
    <device id="a"><temperature><celsius>205</celsius></temperature></device>
    <device id="b"><temperature><celsius/></temperature>x</device></list><list><device id="c">y</device></list></home>)");
  ASSERT_EQ(events.size(), 3u) << events;
  EXPECT_EQ(events[0]["device"], "t/a");
  EXPECT_EQ(events[0]["time"], "2026-03-01T08:00:00Z");
  EXPECT_EQ(events[0]["readings"],
            json::parse(R"({"celsius":{"value":20.5,"unit":"Cel"},"house":{"value":"H"},"self":{"value":205}})"));
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"house":{"value":"H"},"self":{"value":"x"}})"));
  EXPECT_EQ(events[2]["time_from"], "gateway");
}

TEST(Xml, each_over_attributes_and_upwards_from_them) {
  SchemaStage stage = xml(R"(each: //@v, device: d, readings: { v: ., n: ../@n })");
  const json events = stage.send("t/d", R"(<a><b n="1" v="2"/><b n="3" v="4"/></a>)");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1]["readings"], json::parse(R"({"v":{"value":4},"n":{"value":3}})"));
}

TEST(Xml, when_asks_whether_there_is_such_a_node_or_whether_it_is_true) {
  SchemaStage stage({R"(
family: t
messages:
- { name: hist, topic: t, format: xml, device: d, when: /msg/hist, readings: {} }
- { name: type2, topic: t, format: xml, device: d, when: { at: /msg/type, is: 2 }, readings: { imp: /msg/imp } }
- { name: many, topic: t, format: xml, device: d, when: count(//ch) > 1, readings: { n: count(//ch) } }
)"});
  EXPECT_EQ(stage.send("t", "<msg><hist/></msg>"), "ignored");
  EXPECT_EQ(stage.send("t", "<msg><type>2</type><imp>5</imp></msg>")[0]["schema"], "t/type2");
  EXPECT_EQ(stage.send("t", "<msg><ch/><ch/></msg>")[0]["schema"], "t/many");
  EXPECT_EQ(stage.send("t", "<msg><ch/></msg>"), "ignored");
  EXPECT_EQ(stage.send("t", "no xml"), "ignored");
}

TEST(Xml, rest_keeps_what_nobody_named) {
  SchemaStage stage = xml("rest: keep, readings: { t: /m/t, i: /m/@i }");
  EXPECT_EQ(stage.send("t/d", R"(<m i="1" j="2"><t>3</t><l>a</l><o><p>5</p><q/></o><l>b</l></m>)")[0]["rest"],
            json::parse(R"({"@j":"2","l":["a","b"],"o":{"p":"5"}})"));
}

TEST(Xml, a_doctype_is_never_read) {
  SchemaStage stage = xml("readings: { t: /t }");
  EXPECT_EQ(reason(stage, R"(<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><t>&x;</t>)"),
            "DOCTYPE is not allowed");
  EXPECT_EQ(reason(stage, R"(<?xml version="1.0"?><!DOCTYPE t SYSTEM "http://127.0.0.1:9/x"><t>1</t>)"),
            "DOCTYPE is not allowed");
  EXPECT_EQ(reason(stage, "<t><!DOCTYPE x></t>"), "DOCTYPE is not allowed");
}

TEST(Xml, what_is_not_well_formed) {
  SchemaStage stage = xml("rest: keep, readings: { t: /t }");
  for (const char* payload : {"",
                              "  ",
                              "x<t/>",
                              "<t/>x",
                              "<t/><t/>",
                              "<t>1",
                              "</t>",
                              "<t></t></t>",
                              "<a><b></a></b>",
                              "<t>5 < 6</t>",
                              "<t>5 & 7</t>",
                              "<t>&nbsp;</t>",
                              "<t>&#0;</t>",
                              "<t>&#xD800;</t>",
                              "<t a=\"1\" a=\"2\"/>",
                              "<t a=1/>",
                              "<t a='<'/>",
                              "<t a='&x;'/>",
                              "<t>\x01</t>",
                              "<t>\xff</t>",
                              "<t",
                              "<!-- <t/>",
                              "<t><![CDATA[</t>",
                              "<malformed XML>",
                              "<?xml version='1.0' encoding='UTF-16'?><t>1</t>",
                              "{\"t\":1}"})
    EXPECT_TRUE(reason(stage, payload).starts_with("not XML: ")) << payload << ": " << reason(stage, payload);
}

TEST(Xml, what_is_well_formed) {
  for (const char* payload :
       {"<t>1</t>", "<?xml version='1.0' encoding='UTF-8'?><!-- c --><t>1</t>\n<!-- d -->\n", "\n <t>1</t>",
        "<t><!-- - -->1</t>", "<t a='>' b=\"/'\">1</t>", "\xef\xbb\xbf<t>1</t>", "<t>&#49;</t>", "<t>&#x31;</t>"}) {
    SchemaStage stage = xml("readings: { t: /t }");
    const json events = stage.send("t/d", payload);
    ASSERT_TRUE(events.is_array()) << payload << ": " << events;
    EXPECT_EQ(events[0]["readings"]["t"]["value"], 1) << payload;
  }
}

TEST(Xml, latin_1_is_read_where_it_is_declared) {
  EXPECT_EQ(readings_of("format: xml, readings: { t: /t }",
                        "<?xml version='1.0' encoding='ISO-8859-1'?><t>K\xfc"
                        "che</t>"),
            json::parse(R"({"t":"Küche"})"));
}

TEST(Xml, nests_64_deep_and_no_deeper) {
  SchemaStage stage = xml("readings: { t: //t }");
  const auto nested = [](int depth) {
    std::string text = "<t>1</t>";
    for (int i = 1; i < depth; ++i) text = "<a>" + text + "</a>";
    return text;
  };
  EXPECT_EQ(stage.send("t/d", nested(64)).size(), 1u);
  EXPECT_EQ(reason(stage, nested(65)), "too deep: more than 64 levels");
  EXPECT_EQ(reason(stage, nested(5000)), "too deep: more than 64 levels");
}

TEST(Xml, has_10000_elements_and_no_more) {
  SchemaStage stage = xml("each: /l/e, readings: { v: . }");
  const auto list = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "<e>1</e>";
    return "<l>" + text + "</l>";
  };
  EXPECT_EQ(stage.send("t/d", list(10'000)).size(), 10'000u);
  EXPECT_EQ(reason(stage, list(10'001)), "too many: more than 10000 elements");
}

TEST(XPathCost, what_people_write_is_cheap) {
  for (const char* expression : {"/msg/ch1/watts",
                                 "//device",
                                 "//device[@id='7']/temp",
                                 "count(//a) > 1",
                                 "/a/b[2]",
                                 "/a/b[last()]",
                                 "/a/b[c = 'x' and d > 5]/e",
                                 "//a[.//b]",
                                 "/a/b | /a/c",
                                 "sum(//watts)",
                                 "string(/a/@b)",
                                 "/a/*[self::b or self::c]",
                                 "/a/b/../c",
                                 "/a[b[c]]",
                                 "(/a | /b)/c",
                                 "/a/b[position() = last()]",
                                 "/a/node()",
                                 "/a/text()",
                                 "/a/child::b",
                                 "normalize-space(/a)",
                                 "substring-before(/a, ' W')",
                                 "/a/b[-1 < c]"})
    EXPECT_EQ(why_costly(expression, false), "") << expression;
  for (const char* expression :
       {".", "@id", "a/b", "../time", "../../@t", "..", "..//t", "a[../@x = 1]/b | c", ".//t", "a/../b"})
    EXPECT_EQ(why_costly(expression, true).empty(), std::string(expression).find("[..") == std::string::npos)
        << expression;
}

TEST(XPathCost, what_walks_over_neighbours_again_and_again_is_refused) {
  for (const char* expression :
       {"//a[//b]", "//a[/x]", "//a[../b]", "//a[b/../../c]", "//a[ancestor::b]", "//a/following-sibling::b",
        "//a/preceding::b", "//a/parent::b", "//a = //b", "//a[b = c]", "//a[count(//b) > 1]", "//a[b[c[d]]]",
        "//a[string(..)]", "$x", "id('x')", "//a[self::node()/..]", "//a[descendant-or-self::node()/../b]", "../x"})
    EXPECT_NE(why_costly(expression, false), "") << expression;
  for (const char* expression : {"//t", "/t", "a | /t", "a[//b]", "../a | b", "../a + 1", "count(../a)", "(..)/a",
                                 "a/../../b", "a | ../b", "string(/t)", " //t", "a = ..", ".. = 'x'"})
    EXPECT_NE(why_costly(expression, true), "") << expression;
  EXPECT_NE(why_costly(std::string(1001, 'a'), false), "");
}

TEST(XPathCost, check_names_an_absolute_path_beside_each) {
  EXPECT_EQ(problems_of({SchemaStage::file_with("format: xml, each: //d, readings: { t: //t }")}),
            "0.yaml:3:74: '//t': beside 'each' an address is relative to the element: it must not begin with /\n");
}

TEST(Xml, many_elements_may_look_upwards) {
  SchemaStage stage = xml("each: //e, device: d, readings: { v: ., t: ../t, u: ../x/u, below: .//v }");
  std::string text = "<l>";
  for (int i = 0; i < 10'000; ++i) text += "<e><v>1</v></e>";
  const json events = stage.send("t/d", text + "<t>7</t></l>");
  ASSERT_EQ(events.size(), 10'000u);
  EXPECT_EQ(events[9'999]["readings"]["t"]["value"], 7);
}

}  // namespace
}  // namespace sluice::normalize
