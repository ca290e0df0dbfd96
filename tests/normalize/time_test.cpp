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
std::string read(const TimeSchema& schema, const SaidTime& said, const Reception& reception) {
  Problems problems;
  const std::optional<DeviceTime> time = DeviceTime::compile(schema, problems);
  if (!time) return problems.text();
  const auto found = time->read(said, reception, *find_zone("Europe/Berlin"));
  return found ? rfc3339(found->time) + (found->counted ? " counted" : "") : "gateway";
}

TimeSchema schema_of(const std::string& format) {
  TimeSchema schema;
  schema.zone = "local";
  const std::size_t bar = format.find('|');
  schema.format = format.substr(0, bar);
  if (bar != std::string::npos) schema.zone = format.substr(bar + 1);
  return schema;
}

std::string read(const std::string& format_and_zone, const std::string& said,
                 Timestamp received_at = at(2026, 3, 1, 9)) {
  return read(schema_of(format_and_zone), {.at = said}, {received_at});
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

TEST(DeviceTime, iso_8601_as_devices_write_it) {
  EXPECT_EQ(read("", "Sun 2026-03-01 10:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "Sunday, 2026-03-01T10:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01 Sun 10:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01 10:00:00 +0200"), "2026-03-01T08:00:00Z");
  EXPECT_EQ(read("", "2026-03-01 09:00:00 UTC"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "2026-03-01 09:00:00GMT"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "20260301T100000"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "20260301T0900Z"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("", "20260301T090000.5Z"), "2026-03-01T09:00:00.500Z");
}

TEST(DeviceTime, what_is_no_time_is_not_used) {
  for (const char* said : {"",
                           "now",
                           "2026-02-31T10:00:00",
                           "2026-13-01T10:00:00",
                           "2026-03-01",
                           "2026-03-01T24:00:00",
                           "2026-03-01T10:60:00",
                           "2026-03-01T10:00:61",
                           "2026-03-01T10:00:00.",
                           "2026-03-01T10:00:00+1",
                           "2026-03-01T10:00:00Zx",
                           "2026-03-01T10:00:00+99:00",
                           "26-03-01T10:00:00",
                           "2026/03/01 10:00:00",
                           "2026-03-01T10:00:00 ",
                           "20260301100000",
                           "2026-0301T10:00:00",
                           "Su 2026-03-01 10:00",
                           "Sun2026-03-01 10:00",
                           "Sun",
                           "So9 2026-03-01 10:00"})
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

TEST(DeviceTime, epochs_of_other_sizes) {
  EXPECT_EQ(read("epoch_us", "1772355600123456"), "2026-03-01T09:00:00.123Z");
  EXPECT_EQ(read("epoch_ns", "1772355600123456789"), "2026-03-01T09:00:00.123Z");
  EXPECT_EQ(read("epoch_2000", "825670800"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("epoch_2000", "825670800.25"), "2026-03-01T09:00:00.250Z");
  for (const char* said : {"1772355600", "1772355600.0", "1772355600000", "1772355600000000", "1772355600000000000"})
    EXPECT_EQ(read("epoch", said), "2026-03-01T09:00:00Z") << said;
  for (const char* said : {"0", "17", "86400000", "-1772355600", "4102444800", "1e30", ""})
    EXPECT_EQ(read("epoch", said), "gateway") << said;
}

TEST(DeviceTime, epochs_in_another_base) {
  TimeSchema schema = schema_of("epoch_2000");
  schema.base = 16;
  const auto told = [&](const char* said) { return read(schema, {.at = said}, {at(2026, 3, 1, 9)}); };
  for (const char* said : {"3136bc90", "0x3136BC90", "0X3136bc90"}) EXPECT_EQ(told(said), "2026-03-01T09:00:00Z");
  for (const char* said : {"", "0x", "3136bc1g", "-3136bc90", "3136bc90 ", "ffffffffffffffffff"})
    EXPECT_EQ(told(said), "gateway") << said;
}

// RFC 8428: a base time and a time, either of which may be missing, and small numbers count from now.
TEST(DeviceTime, the_sum_of_two_as_in_senml) {
  TimeSchema schema = schema_of("epoch_s");
  schema.offset = Text{"/t", {}};
  schema.relative_below = 268435456;
  const auto told = [&](const SaidTime& said, bool synced = true) {
    return read(schema, said, {at(2026, 3, 1, 9), synced});
  };
  EXPECT_EQ(told({.at = "1772355600", .offset = "-30.5"}), "2026-03-01T08:59:29.500Z");
  EXPECT_EQ(told({.at = "1772355600"}), "2026-03-01T09:00:00Z");
  EXPECT_EQ(told({.offset = "1772355600"}), "2026-03-01T09:00:00Z");
  EXPECT_EQ(told({.at = "-100", .offset = "40"}), "2026-03-01T08:59:00Z counted");
  EXPECT_EQ(told({.offset = "-60"}), "2026-03-01T08:59:00Z counted");
  EXPECT_EQ(told({.offset = "0"}), "2026-03-01T09:00:00Z counted");
  EXPECT_EQ(told({.at = "86400"}), "2026-03-02T09:00:00Z counted");
  EXPECT_EQ(told({.at = "86401"}), "gateway") << "more than a day ahead";
  EXPECT_EQ(told({.at = "-268435455"}), "gateway") << "before 2020";
  EXPECT_EQ(told({.offset = "-60"}, false), "2026-03-01T08:59:00Z counted");
  EXPECT_EQ(told({.offset = "-268435455"}, false), "gateway");
  EXPECT_EQ(told({}), "gateway");
  EXPECT_EQ(told({.at = "1772355600", .offset = "x"}), "gateway");
  EXPECT_EQ(told({.at = "x", .offset = "1"}), "gateway");
}

TEST(DeviceTime, seconds_are_added_to_a_calendar_too) {
  TimeSchema schema = schema_of("");
  schema.offset = Text{"/t", {}};
  const auto told = [&](const SaidTime& said) { return read(schema, said, {at(2026, 3, 1, 9)}); };
  EXPECT_EQ(told({.at = "2026-03-01T10:00:00", .offset = "-1.5"}), "2026-03-01T08:59:58.500Z");
  EXPECT_EQ(told({.at = "2026-03-01T10:00:00"}), "2026-03-01T09:00:00Z");
  EXPECT_EQ(told({.at = "2026-03-01T10:00:00", .offset = "1e99"}), "gateway");
  EXPECT_EQ(told({.offset = "1"}), "gateway");
}

TEST(DeviceTime, a_date_that_stands_beside) {
  TimeSchema schema = schema_of("%d%m%y %H%M%E*S|UTC");
  schema.date = Text{"9", {}};
  const auto told = [&](const SaidTime& said) { return read(schema, said, {at(2026, 3, 1, 9)}); };
  EXPECT_EQ(told({.at = "085910.25", .date = "010326"}), "2026-03-01T08:59:10.250Z");
  EXPECT_EQ(told({.at = "085910", .date = "280226"}), "2026-02-28T08:59:10Z");
  EXPECT_EQ(told({.at = "085910"}), "gateway");
  EXPECT_EQ(told({.date = "010326"}), "gateway");
  EXPECT_EQ(told({.at = "085910", .date = "320326"}), "gateway");
}

TEST(DeviceTime, strptime_patterns_as_devices_need_them) {
  EXPECT_EQ(read("%m/%d/%Y %I:%M:%S %p", "03/01/2026 10:00:00 AM"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("%m/%d/%Y %I:%M %p", "02/28/2026 12:05 AM"), "2026-02-27T23:05:00Z");
  EXPECT_EQ(read("%m/%d/%Y %I:%M %p", "02/28/2026 1:05 pm"), "2026-02-28T12:05:00Z");
  EXPECT_EQ(read("%d-%b-%Y %T", "01-Mar-2026 10:00:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("%B %d, %Y %R", "march 1, 2026 10:00"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("%s", "1772355600"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(read("%d/%m/%y %H:%M:%E3S", "01/03/26 10:00:00.125"), "2026-03-01T09:00:00.125Z");
}

TEST(DeviceTime, a_time_of_day_is_of_the_day_that_is_nearest) {
  EXPECT_EQ(read("%H:%M:%S", "09:59:30"), "2026-03-01T08:59:30Z");
  EXPECT_EQ(read("%H:%M:%E*S", "09:59:30.5"), "2026-03-01T08:59:30.500Z");
  EXPECT_EQ(read("%I:%M %p", "09:59 AM"), "2026-03-01T08:59:00Z");
  EXPECT_EQ(read("%H:%M:%S", "23:59:58", at(2026, 2, 28, 23, 0)), "2026-02-28T22:59:58Z") << "midnight in Berlin";
  EXPECT_EQ(read("%H:%M:%S", "00:00:02", at(2026, 2, 28, 22, 59)), "2026-02-28T23:00:02Z") << "its clock is fast";
  EXPECT_EQ(read("%H:%M|UTC", "23:59", at(2026, 3, 1, 0)), "2026-02-28T23:59:00Z");
  EXPECT_EQ(read("%H:%M%z", "23:59+0000", at(2026, 3, 1, 0)), "2026-02-28T23:59:00Z");
  EXPECT_EQ(read("%H:%M%z", "13:59+1400", at(2026, 3, 1, 0)), "2026-02-28T23:59:00Z");
  EXPECT_EQ(read("%H:%M|UTC", "25:00"), "gateway");
}

TEST(DeviceTime, a_time_of_day_where_the_clocks_are_changed) {
  EXPECT_EQ(read("%H:%M", "02:30", at(2025, 10, 26, 0, 31)), "2025-10-26T00:30:00Z");
  EXPECT_EQ(read("%H:%M", "02:30", at(2025, 10, 26, 1, 31)), "2025-10-26T01:30:00Z");
  EXPECT_EQ(read("%H:%M", "02:30", at(2026, 3, 29, 1, 31)), "2026-03-29T01:30:00Z") << "not put forward";
  EXPECT_EQ(read("%H:%M", "23:30", at(2025, 10, 25, 23)), "2025-10-25T21:30:00Z");
  EXPECT_EQ(read("%H:%M|America/Havana", "23:59", at(2026, 3, 8, 5, 1)), "2026-03-08T04:59:00Z")
      << "at midnight, when clocks are put forward";
  EXPECT_EQ(read("%H:%M|America/Havana", "00:30", at(2026, 11, 1, 5, 31)), "2026-11-01T05:30:00Z") << "the second";
  EXPECT_EQ(read("%H:%M|America/Havana", "00:30", at(2026, 11, 1, 4, 31)), "2026-11-01T04:30:00Z") << "the first";
}

TEST(DeviceTime, by_a_clock_that_is_not_synced_the_future_cannot_be_told) {
  const Reception early{at(1970, 1, 1, 0), false};
  const auto told = [&](const char* format, const char* said) { return read(schema_of(format), {.at = said}, early); };
  EXPECT_EQ(told("epoch_s", "1772355600"), "2026-03-01T09:00:00Z");
  EXPECT_EQ(told("", "2099-12-31T23:59:59Z"), "2099-12-31T23:59:59Z");
  EXPECT_EQ(told("", "2100-01-01T00:00:01Z"), "gateway");
  EXPECT_EQ(told("", "2019-12-31T23:59:59Z"), "gateway");
  EXPECT_EQ(told("%H:%M", "10:00"), "gateway") << "of which day?";
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

TEST(DeviceTime, of_a_reception_that_is_not_synced_what_is_counted_from_it_is_the_gateways) {
  SchemaStage stage({SchemaStage::file_with(
      "format: json, readings: { v: /v }, time: { at: /t, format: epoch_s, relative_below: 2.7e8 }")});
  const auto told = [&](const std::string& payload) {
    Message message = SchemaStage::message("t/d", payload);
    message.received_at = at(1970, 1, 1, 1);
    message.boot_at = at(1970, 1, 1, 0);
    const json event = stage.send(message)[0];
    return event["time_from"].get<std::string>() + " " + event["time"].get<std::string>();
  };
  EXPECT_EQ(told(R"({"t":-60,"v":1})"), "gateway 1970-01-01T00:59:00Z");
  EXPECT_EQ(told(R"({"t":1772355600,"v":1})"), "device 2026-03-01T09:00:00Z");
}

TEST(DeviceTime, dates_and_offsets_are_read_where_the_schema_says) {
  const auto told = [](const std::string& message, const std::string& payload) {
    SchemaStage stage({SchemaStage::file_with(message)});
    const json event = stage.send("t/d", payload)[0];
    return event["time_from"].get<std::string>() + " " + event["time"].get<std::string>();
  };
  EXPECT_EQ(
      told("format: json, readings: { v: /v }, time: { at: /bt, offset: /t, format: epoch_s, relative_below: 2.7e8 }",
           R"({"bt":1772355600,"t":-5,"v":1})"),
      "device 2026-03-01T08:59:55Z");
  EXPECT_EQ(
      told("format: json, readings: { v: /v }, time: { at: /bt, offset: /t, format: epoch_s, relative_below: 2.7e8 }",
           R"({"t":-5,"v":1})"),
      "device 2026-03-01T08:59:55Z");
  EXPECT_EQ(told("format: csv, csv: { columns: [t, d, v] }, readings: { v: v }, "
                 "time: { at: t, date: d, format: '%d%m%y %H%M%S', zone: UTC }",
                 "085910,010326,1\n"),
            "device 2026-03-01T08:59:10Z");
}

TEST(DeviceTime, check_names_zones_and_formats_that_are_none) {
  const auto wrong = [](const std::string& time) {
    return problems_of({SchemaStage::file_with("format: json, readings: { a: /a }, time: { at: /T, " + time + " }")});
  };
  EXPECT_EQ(wrong("zone: Europe/Berlim"),
            "0.yaml:3:76: 'zone' must be local or a name such as UTC or Europe/Berlin, not 'Europe/Berlim'\n");
  EXPECT_EQ(wrong("format: epoch_sec"),
            "0.yaml:3:76: 'format' must be iso8601, epoch, epoch_s, epoch_ms, epoch_us, epoch_ns, epoch_2000 or a "
            "strptime pattern such as %d.%m.%Y %H:%M, not 'epoch_sec' (did you mean 'epoch_s'?)\n");
  EXPECT_EQ(wrong("relative_below: 5"),
            "0.yaml:3:76: 'relative_below' is for numbers: say 'format: epoch_s', or another epoch\n");
  EXPECT_EQ(wrong("base: 16"), "0.yaml:3:76: 'base' is for numbers: say 'format: epoch_s', or another epoch\n");
  EXPECT_EQ(wrong("base: 1, format: epoch"), "0.yaml:3:76: 'base' must be from 2 to 36\n");
  const std::string no_pattern =
      "0.yaml:3:76: 'date' needs a strptime pattern as 'format', which is of \"DATE TIME\"\n";
  EXPECT_EQ(wrong("date: /D"), no_pattern);
  EXPECT_EQ(wrong("date: /D, format: epoch"), no_pattern);
}

TEST(DeviceTime, names_of_zones) {
  EXPECT_TRUE(is_timezone("Europe/Berlin"));
  EXPECT_TRUE(is_timezone("UTC"));
  for (const char* name : {"", "Mars/Olympus", "../etc/passwd", "/etc/localtime"})
    EXPECT_FALSE(is_timezone(name)) << name;
}

}  // namespace
}  // namespace sluice::normalize
