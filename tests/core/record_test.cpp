#include "gateway/core/record.h"

#include <random>

#include <gtest/gtest.h>

#include "gateway/core/json_text.h"

namespace sluice {
namespace {

Record with(const std::string& device, const std::string& topic) {
  Record record;
  record.data = "{\"device\":";
  append_json_string(record.data, device);
  record.data += ",\"schema\":\"a/b\",\"topic\":";
  append_json_string(record.data, topic);
  record.data += ",\"received_at\":\"\",\"readings\":{}}";
  return record;
}

TEST(TopicOf, IsWhatTheDevicePublishedOn) {
  EXPECT_EQ(topic_of(with("a", "tele/kitchen/SENSOR")), "tele/kitchen/SENSOR");
  EXPECT_EQ(topic_of(with("\"},\"topic\":\"fake", "K\xc3\xbc\x63he/\"\\\b\f\n\r\t\x01/\xf0\x9f\x98\x80")),
            "K\xc3\xbc\x63he/\"\\\b\f\n\r\t\x01/\xf0\x9f\x98\x80");
}

TEST(TopicOf, IsNothingForWhatNoDeviceSaid) {
  Record notice;
  notice.data = R"({"device":"sluice/a","schema":"sluice/notice","notice":"x"})";
  EXPECT_EQ(topic_of(notice), std::nullopt);
  notice.data = "";
  EXPECT_EQ(topic_of(notice), std::nullopt);
}

TEST(TopicOf, ComesBackWhateverTheTopic) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string topic;
    for (int length = static_cast<int>(random() % 20); length > 0; --length) topic += static_cast<char>(random() % 128);
    EXPECT_EQ(topic_of(with(topic, topic)), topic);
  }
}

TEST(TakeJsonString, KnowsEveryEscape) {
  std::string_view text = R"("\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00" rest)";
  EXPECT_EQ(take_json_string(text), "\"\\/\b\f\n\r\t\xc3\xbc\xf0\x9f\x98\x80");
  EXPECT_EQ(text, " rest");
}

TEST(TakeJsonString, LeavesWhatIsNoneAlone) {
  for (const std::string_view wrong :
       {"", "x", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\""}) {
    std::string_view text = wrong;
    EXPECT_EQ(take_json_string(text), std::nullopt) << wrong;
    EXPECT_EQ(text, wrong);
  }
}

}  // namespace
}  // namespace sluice
