#include "gateway/normalize/coverage.h"

#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using stage::SchemaStage;

const std::vector<std::string> families = {R"(family: a
messages:
- { name: state, topic: "a/{device}/state", format: json, readings: { t: { at: /t, unit: W } } }
- { name: known, topic: "a/{device}/log", format: text, readings: {} }
- { name: gone, topic: "a/{device}/lwt", format: text, kind: presence, presence: { online: up, offline: down } }
commands:
  set: { topic: "a/{device}/set", payload: x }
)",
                                           R"(family: b
messages:
- { name: m, topic: "b/{device}", format: text, readings: { x: value } }
)"};

TEST(Coverage, puts_every_message_into_one_bucket) {
  SchemaStage stage(families);
  CoverageCount count(stage.library(), "Europe/Berlin", "a");
  const auto add = [&](const std::string& topic, const std::string& payload, bool inferred = false) {
    return count.add({topic, payload, false, inferred}, SchemaStage::message("", "").received_at);
  };
  EXPECT_EQ(add("a/d/state", R"({"t":1})"), "");
  EXPECT_EQ(add("a/d/lwt", "up"), "");
  EXPECT_EQ(add("a/d/log", "anything"), "");
  EXPECT_EQ(add("a/d/set", "x"), "");
  EXPECT_EQ(add("b/d", "1"), "read by b/m");
  EXPECT_EQ(add("a/d/state", "{}"), "a/state: nothing stands where it reads");
  EXPECT_EQ(add("c/d", "1"), "no schema has its topic");
  EXPECT_EQ(add("c/d", "1", true), "no schema has its topic (the recording's topic is a guess)");
  EXPECT_EQ(add("a/d/state", R"({"t":"x"})"), "quarantined by a/state: not a number: 'x' (t)");
  EXPECT_EQ(add("a/d/state", R"({"t":"y"})"), "quarantined by a/state: not a number: 'y' (t)");
  const Coverage& of = count.coverage();
  EXPECT_EQ(of.messages, 10u);
  EXPECT_EQ(of.understood, 2u);
  EXPECT_EQ(of.on_purpose, 2u);
  EXPECT_EQ(of.by_another, 1u);
  EXPECT_EQ(of.says_nothing, 1u);
  EXPECT_EQ(of.unmatched, 2u);
  EXPECT_EQ(of.quarantined, 2u);
  EXPECT_DOUBLE_EQ(of.share(), 2.0 / 8);
  EXPECT_EQ(of.reasons.at("quarantined by a/state: not a number (t)"), 2u);
}

TEST(Coverage, counts_every_family_where_none_is_asked_about) {
  SchemaStage stage(families);
  CoverageCount count(stage.library(), "Europe/Berlin", "");
  EXPECT_EQ(count.add({"b/d", "1", false, false}, {}), "");
  EXPECT_EQ(count.coverage().understood, 1u);
  EXPECT_DOUBLE_EQ(Coverage().share(), 1);
}

TEST(Recorded, is_read_as_people_write_it) {
  const auto payload = [](const std::string& line) {
    const Result<Recorded> recorded = read_recorded(line);
    return recorded ? recorded->topic + "=" + recorded->payload : recorded.error().message;
  };
  EXPECT_EQ(payload(R"({"topic":"a","payload":"21.5"})"), "a=21.5");
  EXPECT_EQ(payload(R"({"topic":"a","payload":"","format":"text"})"), "a=");
  EXPECT_EQ(payload(R"({"topic":"a","payload_b64":"AP8="})"), "a=" + std::string("\0\xff", 2));
  // mosquitto_sub -F '%j' and '%J'
  EXPECT_EQ(
      payload(
          R"({"tst":"2026-03-01T09:00:00.000000Z+0100","topic":"a","qos":0,"retain":1,"payloadlen":2,"payload":"21"})"),
      "a=21");
  EXPECT_EQ(payload(R"({"topic":"a","payload":{"t": 21.50}})"), R"(a={"t":21.50})");
  EXPECT_EQ(payload(R"({"topic":"a","payload":21})"), "a=21");
  EXPECT_EQ(payload(R"({"topic":"a","payload":null})"), "a=");
  EXPECT_TRUE(read_recorded(R"({"topic":"a","payload":"","retain":1})")->retained);
  EXPECT_TRUE(read_recorded(R"({"topic":"a","payload":"","topic_inferred":true})")->topic_inferred);
  for (const char* line : {"", "x", "[]", "{}", R"({"topic":"a"})", R"({"topic":5,"payload":""})", R"({"payload":""})",
                           R"({"topic":"a","payload_b64":"?"})"})
    EXPECT_FALSE(read_recorded(line)) << line;
}

}  // namespace
}  // namespace sluice::normalize
