#include <gtest/gtest.h>

#include "gateway/core/cloud_event.h"
#include "gateway/core/json_text.h"
#include "gateway/core/size_text.h"
#include "gateway/core/time_text.h"
#include "tests/stage/fake_clock.h"

namespace sluice {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonWants) {
  EXPECT_EQ(json("plain"), R"("plain")");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json(std::string_view("\b\f\n\r\t\0\x1f\x7f", 8)), R"("\b\f\n\r\t\u0000\u001f\u007f")");
  EXPECT_EQ(json("Küche €😀"), "\"Küche €😀\"");
}

TEST(JsonText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(json("K\xfc"
                 "che"),
            "\"K\xef\xbf\xbd"
            "che\"");
  EXPECT_EQ(json("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // overlong
  EXPECT_EQ(json("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");  // a surrogate
  EXPECT_EQ(json("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");                  // cut off
}

TEST(JsonText, KnowsUtf8) {
  EXPECT_TRUE(is_utf8("Küche €😀"));
  for (const char* bad : {"\xfc", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(TimeText, IsRfc3339InUtc) {
  const stage::FakeClock clock;
  EXPECT_EQ(rfc3339(clock.wall_time()), "2026-03-01T09:00:00Z");
  EXPECT_EQ(rfc3339(clock.wall_time() + Duration(123)), "2026-03-01T09:00:00.123Z");
  EXPECT_EQ(rfc3339(Timestamp(Duration(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339(Timestamp::max()), "9999-12-31T23:59:59.999Z");
}

TEST(SizeText, ReadsDurations) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250));
  EXPECT_EQ(parse_duration("30s"), Duration(30'000));
  EXPECT_EQ(parse_duration("15m"), Duration(900'000));
  EXPECT_EQ(parse_duration("12h"), std::chrono::hours(12));
  EXPECT_EQ(parse_duration("7d"), std::chrono::days(7));
  for (const char* bad : {"", "30", "s", "-1s", "1.5s", "1 s", "99999999999d", "1w"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(SizeText, ReadsSizes) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("64KiB"), 65536);
  EXPECT_EQ(parse_size("1GiB"), 1 << 30);
  for (const char* bad : {"", "KiB", "1GB", "-1", "1.5MiB", "9999999999999TiB"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(CloudEvent, HasEveryAttribute) {
  const stage::FakeClock clock;
  Record record;
  record.id = *RecordId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  record.kind = RecordKind::reading;
  record.device = "tasmota/Küche \"1\"";
  record.schema = "tasmota/sensor";
  record.time = clock.wall_time();
  record.data = R"({"readings":{}})";
  std::string out;
  append_cloud_event(out, record, "/sluice/home-pi");
  EXPECT_EQ(out, R"({"specversion":"1.0","id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","source":"/sluice/home-pi",)"
                 R"("type":"sluice.reading.v1","subject":"tasmota/Küche \"1\"","time":"2026-03-01T09:00:00Z",)"
                 R"("datacontenttype":"application/json","dataschema":"urn:sluice:schema:tasmota/sensor",)"
                 R"("data":{"readings":{}}})");
}

std::string read_time(const std::string& text) {
  const std::optional<Timestamp> read = parse_rfc3339(text);
  return read ? rfc3339(*read) : "none";
}

TEST(Rfc3339, IsReadStrictly) {
  EXPECT_EQ(read_time("2026-03-01T10:00:00Z"), "2026-03-01T10:00:00Z");
  EXPECT_EQ(read_time("2026-03-01t10:00:00.1239z"), "2026-03-01T10:00:00.123Z");
  EXPECT_EQ(read_time("2026-03-01T10:00:00.5+05:30"), "2026-03-01T04:30:00.500Z");
  EXPECT_EQ(read_time("2026-03-01T00:00:00-01:00"), "2026-03-01T01:00:00Z");
  EXPECT_EQ(read_time("2024-02-29T23:59:60Z"), "2024-02-29T23:59:59.999Z");
  for (const char* wrong : {"",
                            "2026-03-01",
                            "2026-03-01T10:00Z",
                            "2026-03-01T10:00:00",
                            "2026-02-31T10:00:00Z",
                            "2025-02-29T10:00:00Z",
                            "2026-13-01T10:00:00Z",
                            "2026-00-01T10:00:00Z",
                            "2026-03-00T10:00:00Z",
                            "2026-03-01T24:00:00Z",
                            "2026-03-01T10:60:00Z",
                            "2026-03-01T10:00:61Z",
                            "2026-03-01T10:00:00.Z",
                            "2026-03-01T10:00:00+1:00",
                            "2026-03-01T10:00:00+24:00",
                            "2026-03-01T10:00:00+01:60",
                            "2026-03-01T10:00:00Z ",
                            " 2026-03-01T10:00:00Z",
                            "2026-3-1T10:00:00Z",
                            "+026-03-01T10:00:00Z",
                            "2026-03-01T10:00:00,5Z"})
    EXPECT_EQ(read_time(wrong), "none") << wrong;
}

}  // namespace
}  // namespace sluice
