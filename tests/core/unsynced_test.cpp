#include "gateway/core/unsynced.h"

#include <gtest/gtest.h>

#include "gateway/core/time_text.h"
#include "tests/stage/fake_clock.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

constexpr auto head = R"({"device":"t/\",\"clock\":\"unsynced\"","schema":"t/m","topic":"a,\"at\":\"b",)";

Record said(const std::string& received_at, const std::string& retained, const std::string& from,
            const std::string& time) {
  Record record;
  record.time = *parse_rfc3339(time);
  record.data = std::string(head) + R"("received_at":")" + received_at + R"(","retained":)" + retained +
                R"(,"time_from":")" + from + R"(","readings":{"a":{"value":"\",\"clock\":\"unsynced\""}}})";
  return record;
}

/// Time and data of a record that was marked and mended.
std::string mended(Record record, Duration wrong) {
  const Record before = record;
  mark_unsynced(record, Timestamp(5s));
  EXPECT_EQ(record.boot_at, Timestamp(5s));
  EXPECT_EQ(record.data.size(), before.data.size() + std::string(R"(,"clock":"unsynced")").size());
  const auto accepted = mend(record, wrong);
  EXPECT_TRUE(accepted);
  return rfc3339(*accepted) + " " + rfc3339(record.time) + " " + record.data;
}

TEST(Unsynced, the_mark_stands_behind_time_from) {
  Record record = said("1970-01-01T00:00:17Z", "false", "gateway", "1970-01-01T00:00:17Z");
  mark_unsynced(record, Timestamp(5s));
  EXPECT_NE(record.data.find(R"("time_from":"gateway","clock":"unsynced","readings":)"), std::string::npos)
      << record.data;
}

TEST(Unsynced, the_time_of_reception_is_moved) {
  const Record record = said("1970-01-01T00:00:17.250Z", "false", "gateway", "1970-01-01T00:00:17.250Z");
  const Record meant = said("1970-01-01T01:00:18Z", "false", "gateway", "1970-01-01T01:00:18Z");
  EXPECT_EQ(mended(record, 1h + 750ms), "1970-01-01T01:00:18Z 1970-01-01T01:00:18Z " + meant.data);
}

TEST(Unsynced, a_retained_one_without_a_time_is_moved_too) {
  const Record record = said("2037-01-01T00:00:17Z", "true", "unknown", "2037-01-01T00:00:17Z");
  const Record meant = said("2036-12-31T23:00:17Z", "true", "unknown", "2036-12-31T23:00:17Z");
  EXPECT_EQ(mended(record, -1h), "2036-12-31T23:00:17Z 2036-12-31T23:00:17Z " + meant.data);
}

TEST(Unsynced, a_devices_own_time_stays) {
  const Record record = said("1970-01-01T00:00:17Z", "false", "device", "1970-01-02T01:00:17Z");
  const Record meant = said("1970-01-01T01:00:17Z", "false", "device", "1970-01-02T01:00:17Z");
  EXPECT_EQ(mended(record, 1h), "1970-01-01T01:00:17Z 1970-01-02T01:00:17Z " + meant.data) << "a day ahead";
}

TEST(Unsynced, a_devices_own_time_that_is_too_late_gives_way) {
  for (const auto& [retained, from] : {std::pair("false", "gateway"), std::pair("true", "unknown")}) {
    const Record record = said("1970-01-01T00:00:17Z", retained, "device", "1970-01-02T01:00:17.001Z");
    const Record meant = said("1970-01-01T01:00:17Z", retained, from, "1970-01-01T01:00:17Z");
    EXPECT_EQ(mended(record, 1h), "1970-01-01T01:00:17Z 1970-01-01T01:00:17Z " + meant.data);
  }
}

TEST(Unsynced, what_the_gateway_says_itself) {
  Record record;
  record.time = Timestamp(17s);
  record.data =
      R"({"device":"sluice/g","schema":"sluice/notice","notice":"x","text":",\"at\":\"","at":"1970-01-01T00:00:17Z"})";
  const std::string text = record.data.substr(0, record.data.size() - 28);
  EXPECT_EQ(mended(record, 1h),
            "1970-01-01T01:00:17Z 1970-01-01T01:00:17Z " + text + R"("at":"1970-01-01T01:00:17Z"})");
  mark_unsynced(record, {});
  EXPECT_EQ(record.data, text + R"("clock":"unsynced","at":"1970-01-01T00:00:17Z"})");
}

TEST(Unsynced, what_has_no_mark_stays_as_it_is) {
  Record unmarked = said("1970-01-01T00:00:17Z", "false", "gateway", "1970-01-01T00:00:17Z");
  for (const std::string& data : {unmarked.data, std::string("{}"), std::string(), std::string(R"({"at":"x"})"),
                                  std::string(R"({"a":1,"clock":"unsynced","at":"soon"})")}) {
    Record record = unmarked;
    record.data = data;
    EXPECT_FALSE(mend(record, 1h)) << data;
    EXPECT_EQ(record.data, data);
    EXPECT_EQ(record.time, unmarked.time);
  }
}

TEST(Unsynced, only_while_the_clock_is_not) {
  stage::FakeClock clock;
  Record record = said("1970-01-01T00:00:17Z", "false", "gateway", "1970-01-01T00:00:17Z");
  mark_if_unsynced(record, clock);
  EXPECT_FALSE(record.boot_at);
  clock.set_synced(false);
  mark_if_unsynced(record, clock);
  EXPECT_EQ(record.boot_at, clock.wall_time() - clock.uptime());
}

TEST(SystemClock, knows_its_run_of_the_machine) {
  const SystemClock clock;
  EXPECT_NE(clock.boot(), 0);
  EXPECT_EQ(clock.boot(), SystemClock().boot());
  const Duration before = clock.uptime();
  EXPECT_GT(before, 0ms);
  EXPECT_GE(clock.uptime(), before);
}

}  // namespace
}  // namespace sluice
