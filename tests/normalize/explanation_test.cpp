#include "gateway/normalize/explanation.h"

#include <gtest/gtest.h>

#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using stage::SchemaStage;

const std::string meter = R"(family: meter
messages:
- name: alarm
  topic: meter/{device}/state
  format: json
  when: { at: /type, is: alarm }
  readings: { alarm: /alarm }
- name: state
  topic: meter/{device}/state
  format: json
  readings:
    "{part}.power": { at: "/{part}/w", unit: W }
- name: version
  topic: meter/{device}/version
  format: text
  when: pattern
  pattern: v(?P<number>[0-9]+)
  readings: { version: number }
commands:
  set: { topic: "meter/{device}/set", payload: x }
)";

/// What is said of a message, without the folder of the files.
std::string said_of(const std::string& topic, const std::string& payload) {
  static SchemaStage stage({meter});
  static Normalizer normalizer(stage.library(), SchemaStage::berlin());
  std::vector<Record> records;
  Trace trace;
  const Fate fate = normalizer.normalize(SchemaStage::message(topic, payload), records, &trace);
  std::string text = explain(*stage.library(), topic, trace, fate);
  const std::string file = stage.library()->families()[0].place.file;
  for (std::size_t at = text.find(file); at != std::string::npos; at = text.find(file))
    text.replace(at, file.size(), "F");
  return text;
}

TEST(Explanation, names_the_schema_and_those_that_passed) {
  EXPECT_EQ(said_of("meter/a/state", R"({"l1":{"w":5}})"),
            "read by meter/state (F:8:9)\n"
            "  not by meter/alarm (F:3:9): it applies only if there is `/type`, and it is `alarm` (F:6:15)\n");
  EXPECT_EQ(said_of("meter/a/version", "v7"), "read by meter/version (F:13:9)\n");
  EXPECT_EQ(said_of("meter/a/state", "{}").substr(0, 65),
            "ignored by meter/state (F:8:9): nothing stands where it reads\n  n");
}

TEST(Explanation, leads_to_the_field_that_cannot_be_read) {
  const std::string text = said_of("meter/a/state", R"({"l1":{"w":"much"}})");
  EXPECT_TRUE(
      text.starts_with("quarantined by meter/state (F:8:9): not a number: 'much' (l1.power)\n"
                       "  F:12:27: l1.power, read at '/{part}/w'\n"))
      << text;
}

TEST(Explanation, of_a_payload_that_is_not_of_the_format) {
  const std::string text = said_of("meter/a/state", "nonsense");
  EXPECT_TRUE(text.starts_with("quarantined by meter/state (F:8:9): not JSON")) << text;
  EXPECT_NE(text.find("  not by meter/alarm (F:3:9): not JSON"), std::string::npos) << text;
}

TEST(Explanation, of_what_nobody_reads) {
  EXPECT_EQ(said_of("meter/a/set", "x"), "ignored: this is the topic of a command, which is never telemetry\n");
  EXPECT_EQ(said_of("lamp/a/b/c/d", "x"), "ignored: no schema has this topic\n");
  EXPECT_EQ(said_of("meter/a/stat", "x"),
            "ignored: no schema has this topic; others like it are\n"
            "  meter/{device}/state  meter/alarm (F:4:10)\n"
            "  meter/{device}/version  meter/version (F:14:10)\n");
  const std::string text = said_of("meter/a/version", "seven");
  EXPECT_TRUE(text.starts_with("ignored: no schema of this topic applies")) << text;
  EXPECT_NE(text.find("  not by meter/version (F:13:9): does not match: 'seven'\n"), std::string::npos) << text;
}

TEST(Explanation, finds_the_place_of_a_reading_by_its_name) {
  MessageSchema several;
  several.readings.resize(2);
  several.readings[0].name.text = "{a}.{b}.power";
  several.readings[0].at.place.line = 5;
  several.readings[1].name.text = "{a}.energy";
  several.readings[1].at.place.line = 6;
  EXPECT_EQ(place_of_field(several, "x.y.power").line, 5u);
  EXPECT_EQ(place_of_field(several, "x.energy").line, 6u);
  SchemaStage stage({meter});
  const MessageSchema& state = stage.library()->families()[0].messages[1];
  EXPECT_EQ(place_of_field(state, "l1.power").line, 12u);
  EXPECT_EQ(place_of_field(state, "power").line, 8u);
  EXPECT_EQ(place_of_field(stage.library()->families()[0].messages[2], "pattern").line, 17u);
}

}  // namespace
}  // namespace sluice::normalize
