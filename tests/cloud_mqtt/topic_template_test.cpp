#include "connectors/cloud_mqtt/topic_template.h"

#include <gtest/gtest.h>

#include "gateway/core/json_text.h"

namespace sluice::cloud_mqtt {
namespace {

Record record_of(const std::string& device, const std::string& topic = "tele/kitchen/SENSOR") {
  Record record;
  record.device = device;
  record.schema = "tasmota/sensor";
  record.data = "{\"device\":";
  append_json_string(record.data, device);
  record.data += ",\"schema\":\"tasmota/sensor\",\"topic\":";
  append_json_string(record.data, topic);
  record.data += ",\"received_at\":\"\"}";
  return record;
}

std::string rendered(const std::string& text, const Record& record) {
  const Result<TopicTemplate> topics = TopicTemplate::parse(text, "home-pi");
  if (!topics) return topics.error().message;
  std::string topic;
  return topics->append_topic(topic, {&record, 1}) ? topic : "none";
}

TEST(TopicTemplate, FillsInWhatItNames) {
  const Record record = record_of("tasmota/kitchen/plug");
  EXPECT_EQ(rendered("a/{gateway}/{device}/{schema}", record), "a/home-pi/tasmota/kitchen/plug/tasmota/sensor");
  EXPECT_EQ(rendered("{family}-{name}-{kind}", record), "tasmota-kitchen/plug-reading");
  EXPECT_EQ(rendered("{gateway}/{topic}", record), "home-pi/tele/kitchen/SENSOR");
  EXPECT_EQ(rendered("fixed", record), "fixed");
}

TEST(TopicTemplate, EncodesWhatMqttForbids) {
  EXPECT_EQ(rendered("x/{device}", record_of("home/+/#/100%\n\x7f")), "x/home/%2B/%23/100%25%0A%7F");
  EXPECT_EQ(rendered("x/{device}/y", record_of("home//b/")), "x/home/_/b/_/y");
  EXPECT_EQ(rendered("x/{device}", record_of("a/")), "x/a/_");
  EXPECT_EQ(rendered("{device}", record_of("/a")), "_/a");
  EXPECT_EQ(rendered("x/{device}/y", record_of("")), "x/_/y");
  EXPECT_EQ(rendered("{topic}", record_of("a", "$SYS/x")), "_$SYS/x");
  EXPECT_EQ(rendered("x/{name}", record_of("K\xc3\xbc\x63he/T\xc3\xbcr")), "x/T\xc3\xbcr");
}

TEST(TopicTemplate, NamesWhatNoDeviceSaidByItsSchema) {
  Record notice;
  notice.schema = "sluice/notice";
  notice.data = R"({"device":"sluice/home-pi","schema":"sluice/notice","notice":"x"})";
  EXPECT_EQ(rendered("x/{topic}", notice), "x/sluice/notice");
}

TEST(TopicTemplate, HasNoneThatMqttCannotSay) {
  EXPECT_EQ(rendered("{device}", record_of(std::string(70'000, 'x'))), "none") << "MQTT counts to 65 535";
}

TEST(TopicTemplate, RefusesWhatIsNoTopic) {
  for (const char* wrong : {"", "+", "a/#", "/a", "a/", "a//b", "$SYS/a", "a/{", "a/}", "{devices}", "a\nb"})
    EXPECT_FALSE(TopicTemplate::parse(wrong, "home-pi")) << wrong;
}

TEST(TopicTemplate, KnowsWhatAllItsTopicsBeginWith) {
  const auto levels = [](const char* text) { return TopicTemplate::parse(text, "home-pi")->literal_levels(); };
  EXPECT_EQ(levels("homes/{gateway}/{device}"), "homes/home-pi");
  EXPECT_EQ(levels("homes/{gateway}-{device}"), "homes");
  EXPECT_EQ(levels("{topic}"), "");
  EXPECT_EQ(levels("fixed/topic"), "fixed/topic");
}

TEST(TopicTemplate, KnowsWhichRecordsShareATopic) {
  const auto byKind = TopicTemplate::parse("{kind}", "g");
  const auto byDevice = TopicTemplate::parse("{device}", "g");
  ASSERT_TRUE(byKind && byDevice);
  EXPECT_TRUE(byKind->together(record_of("a"), record_of("b")));
  EXPECT_FALSE(byDevice->together(record_of("a"), record_of("b")));
  EXPECT_FALSE(TopicTemplate::parse("{gateway}", "g")->varies());
}

}  // namespace
}  // namespace sluice::cloud_mqtt
