#include <gtest/gtest.h>

#include "gateway/core/time_text.h"
#include "gateway/normalize/device_time.h"
#include "tests/normalize/schema_stage.h"

namespace sluice::normalize {
namespace {

using nlohmann::json;
using stage::problems_of;
using stage::SchemaStage;

constexpr Timestamp at(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  return Timestamp(std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day))) +
         std::chrono::hours(hour) + std::chrono::minutes(minute);
}

/// What a device time becomes: "device 2026-...", or "gateway" where it is not used.
std::string read(const std::string& format_and_zone, const std::string& said,
                 Timestamp received_at = at(2026, 3, 1, 9)) {
  Problems problems;
  TimeSchema schema;
  schema.zone = "local";
  const std::size_t bar = format_and_zone.find('|');
  schema.format = format_and_zone.substr(0, bar);
  if (bar != std::string::npos) schema.zone = format_and_zone.substr(bar + 1);
  const std::optional<DeviceTime> time = DeviceTime::compile(schema, problems);
  if (!time) return problems.text();
  const std::optional<Timestamp> found = time->read(said, received_at, *find_zone("Europe/Berlin"));
  return found ? rfc3339(*found) : "gateway";
}

TEST(DeviceTime, iso_8601_in_its_usual_forms) {
  EXPECT_EQ(read("", "2026-03-01T10:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01 10:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01T10:00:00.1239"), "2026-03-01T09:00:00.123Z");
  EXPECT_EQ(read("", "2026-03-01T10:00:00,5"), "2026-03-01T09:00:00.500Z");
  EXPECT_EQ(read("", "2026-03-01T09:00:00Z"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01T09:00:00.250+01:00"), "2026-03-01T08:00:00.250Z");
  EXPECT_EQ(read("", "2026-03-01T09:00:00-0330"), "2026-03-01T12:30:00Z");
  EXPECT_EQ(read("", "2026-03-01T09:00:00+01"), "2026-03-01T08:00:00Z");
  EXPECT_EQ(read("", "2024-12-31T23:59:60Z"), "2025-01-01T00:00:00Z");
}

TEST(DeviceTime, what_is_no_time_is_not_used) {
  for (const char* said :
       {"", "now", "2026-02-31T10:00:00", "2026-13-01T10:00:00", "2026-03-01", "2026-03-01T24:00:00",
        "2026-03-01T10:60:00", "2026-03-01T10:00:61", "2026-03-01T10:00:00.", "2026-03-01T10:00:00+1",
        "2026-03-01T10:00:00Zx", "2026-03-01T10:00:00+99:00", "26-03-01T10:00:00", "2026/03/01 10:00:00"})
    EXPECT_EQ(read("", said), "gateway") << said;
  EXPECT_EQ(read("", std::string(5000, '1')), "gateway");
}

TEST(DeviceTime, epochs) {
  EXPECT_EQ(read("epoch_s", "1772355600"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("epoch_s", "1772355600.123"), "2026-03-01T09:00:00.123Z");
  EXPECT_EQ(read("epoch_ms", "1772355600123"), "2026-03-01T09:00:00.123Z");
  for (const char* said : {"1772355600123", "1e300", "-1", "x", "nan"})
    EXPECT_EQ(read("epoch_s", said), "gateway") << said;
}

TEST(DeviceTime, strptime_patterns) {
  EXPECT_EQ(read("%d.%m.%Y %H:%M:%S", "01.03.2026 10:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("%Y-%m-%d %H:%M:%E*S", "2026-03-01 10:00:00.25"), "2026-03-01T09:00:00.250Z");
  EXPECT_EQ(read("%a, %d %b %Y %H:%M:%S %z", "Sun, 01 Mar 2026 10:00:00 +0200"), "2026-03-01T08:00:00Z");
  EXPECT_EQ(read("%d.%m.%Y", "31.02.2026"), "gateway");
  EXPECT_EQ(read("%d.%m.%Y", "01.03.2026 x"), "gateway");
}

TEST(DeviceTime, zones) {
  EXPECT_EQ(read("|UTC", "2026-03-01T09:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("|Asia/Kathmandu", "2026-03-01T10:00:00"), "2026-03-01T04:15:00Z");
  EXPECT_EQ(read("|Europe/Berlin", "2026-07-01T10:00:00Z", at(2026, 7, 1, 10)), "2026-07-01T10:00:00Z");
}

TEST(DeviceTime, the_hour_that_comes_twice_is_the_one_nearer_to_reception) {
  EXPECT_EQ(read("", "2025-10-26T02:30:00", at(2025, 10, 26, 0, 31)), "2025-10-26T00:30:00Z");
  EXPECT_EQ(read("", "2025-10-26T02:30:00", at(2025, 10, 26, 1, 31)), "2025-10-26T01:30:00Z");
  EXPECT_EQ(read("%d.%m.%Y %H:%M", "26.10.2025 02:30", at(2025, 10, 26, 1, 31)), "2025-10-26T01:30:00Z");
}

TEST(DeviceTime, the_hour_that_is_missing_is_of_a_clock_not_put_forward) {
  EXPECT_EQ(read("", "2026-03-29T02:30:00", at(2026, 3, 29, 1, 31)), "2026-03-29T01:30:00Z");
}

TEST(DeviceTime, sane_is_2020_or_later_and_at_most_a_day_ahead) {
  EXPECT_EQ(read("", "2020-01-01T00:00:00Z"), "2020-01-01T00:00:00Z");
  EXPECT_EQ(read("", "2019-12-31T23:59:59Z"), "gateway");
  EXPECT_EQ(read("", "1970-01-01T00:00:17Z"), "gateway");
  EXPECT_EQ(read("", "2026-03-02T09:00:00Z"), "2026-03-02T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-02T09:00:01Z"), "gateway");
}

TEST(DeviceTime, time_from_says_whose_time_it_is) {
  SchemaStage stage({SchemaStage::file_with("format: json, time: /Time, readings: { t: /t }")});
  const auto told = [&](const std::string& payload, bool retained) {
    Message message = SchemaStage::message("t/d", payload);
    message.retained = retained;
    const json event = stage.send(message)[0];
    EXPECT_EQ(event["retained"], retained);
    return event["time_from"].get<std::string>() + " " + event["time"].get<std::string>();
  };
  EXPECT_EQ(told(R"({"t":1,"Time":"2026-02-01T10:00:00"})", false), "device 2026-02-01T09:00:00Z");
  EXPECT_EQ(told(R"({"t":1,"Time":"2026-02-01T10:00:00"})", true), "device 2026-02-01T09:00:00Z");
  EXPECT_EQ(told(R"({"t":1})", false), "gateway 2026-03-01T09:00:00Z");
  EXPECT_EQ(told(R"({"t":1,"Time":"1970-01-01T00:00:17"})", false), "gateway 2026-03-01T09:00:00Z");
  EXPECT_EQ(told(R"({"t":1,"Time":true})", false), "gateway 2026-03-01T09:00:00Z");
  EXPECT_EQ(told(R"({"t":1})", true), "unknown 2026-03-01T09:00:00Z");
}

TEST(DeviceTime, check_names_zones_and_formats_that_are_none) {
  EXPECT_EQ(
      problems_of({SchemaStage::file_with("format: json, readings: { a: /a }, time: { at: /T, zone: Europe/Berlim }")}),
      "0.yaml:3:76: 'zone' must be local or a name such as UTC or Europe/Berlin, not 'Europe/Berlim'\n");
  EXPECT_EQ(problems_of({SchemaStage::file_with("format: json, readings: { a: /a }, time: { at: /T, format: epoch }")}),
            "0.yaml:3:76: 'format' must be iso8601, epoch_s, epoch_ms or a strptime pattern such as %d.%m.%Y %H:%M, "
            "not 'epoch' "
            "(did you mean 'epoch_s'?)\n");
}

TEST(DeviceTime, names_of_zones) {
  EXPECT_TRUE(is_timezone("Europe/Berlin"));
  EXPECT_TRUE(is_timezone("UTC"));
  for (const char* name : {"", "Mars/Olympus", "../etc/passwd", "/etc/localtime"})
    EXPECT_FALSE(is_timezone(name)) << name;
}

}  // namespace
}  // namespace sluice::normalize
