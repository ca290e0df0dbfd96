#include "gateway/flow/loop_guard.h"

#include <gtest/gtest.h>

#include "gateway/core/cloud_event.h"
#include "gateway/flow/notice.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "tests/stage/fake_clock.h"

namespace sluice::flow {
namespace {

Message message(const std::string& topic, const std::string& payload) {
  Message made;
  made.topic = topic;
  made.payload = payload;
  made.payload_size = payload.size();
  return made;
}

/// A gateway without schemas that takes everything as it comes (`unmatched: auto`).
struct Gateway {
  explicit Gateway(std::string chosen_id, std::vector<std::string> topics)
      : id(std::move(chosen_id)), guard(std::move(topics)) {}

  std::vector<Record> take(const Message& in) {
    std::vector<Record> records;
    if (!guard.own(in)) normalizer.normalize(in, records);
    if (!records.empty()) records.front().payload = in.payload;
    return records;
  }

  std::string id;
  LoopGuard guard;
  normalize::Problems problems;
  normalize::Normalizer normalizer{
      normalize::Library::load({.shipped = {}, .dirs = {}, .use = std::vector<normalize::FamilyUse>{}}, problems),
      {normalize::Unmatched::auto_, "UTC"}};
};

std::string structured(const Record& record, const std::string& gateway) {
  std::string text;
  append_cloud_event(text, record, "/sluice/" + gateway);
  return text;
}

TEST(LoopGuard, LetsDevicesThrough) {
  const LoopGuard guard({"homes/home-pi"});
  EXPECT_FALSE(guard.own(message("tele/kitchen/SENSOR", R"({"Time":"2026-03-01T10:00:00","device":"x"})")));
  EXPECT_FALSE(guard.own(message("homes/home-pi2/x", "1")));
  EXPECT_FALSE(guard.own(message("xhomes/home-pi/x", "1")));
  EXPECT_FALSE(guard.own(message("homes/other/x", "1")));
  EXPECT_FALSE(guard.own(message("a", R"({"device":"lamp","schema":"v2","state":"ON"})")));
  EXPECT_FALSE(guard.own(message("a", R"({"specversion":"1.0","id":"7","source":"/other","type":"x"})")))
      << "another's event";
}

TEST(LoopGuard, KnowsTheMark) {
  const LoopGuard guard({});
  Message marked = message("a", "1");
  marked.from_gateway = true;
  EXPECT_TRUE(guard.own(marked));
}

TEST(LoopGuard, KnowsTheTopicsOfThisGatewayWhereverTheyAreNested) {
  const LoopGuard guard({"homes/home-pi"});
  EXPECT_TRUE(guard.own(message("homes/home-pi", "1")));
  EXPECT_TRUE(guard.own(message("homes/home-pi/tele/x", "1")));
  EXPECT_TRUE(guard.own(message("homes/b/homes/home-pi/tele/x", "1")));
  EXPECT_TRUE(guard.own(message("homes/home-pi2/homes/home-pi/x", "1")));
}

TEST(LoopGuard, KnowsANotice) {
  const LoopGuard guard({});
  EXPECT_TRUE(guard.own(message("a", record_of(Notice{"x", "y", {}, 0}, "home-pi", stage::FakeClock()).data)));
}

/// Two gateways, each the other's cloud: whatever the format, what a device said goes round no second time.
class Facing : public testing::TestWithParam<const char*> {};

TEST_P(Facing, GatewaysComeToRest) {
  const std::string format = GetParam();
  Gateway a("a", {"homes/a"});
  Gateway b("b", {"homes/b"});
  std::vector<Message> to_b;
  const auto publish = [&](const Gateway& from, const Message& in, const std::vector<Record>& records) {
    std::vector<Message> out;
    for (const Record& record : records) {
      const std::string text = structured(record, from.id);
      const std::string payload = format == "structured" ? text
                                  : format == "batch"    ? "[" + text + "]"
                                  : format == "data"     ? record.data
                                                         : *record.payload;
      out.push_back(message("homes/" + from.id + "/" + in.topic, payload));
    }
    return out;
  };
  const Message device = message("weird/K\"\\\n", R"({"a":1,"b":"x"})");
  std::vector<Message> travelling = publish(a, device, a.take(device));
  ASSERT_EQ(travelling.size(), 1u);
  int hops = 0;
  for (Gateway* at = &b; !travelling.empty() && hops < 10; at = at == &a ? &b : &a, ++hops) {
    const Message in = travelling.front();
    travelling = publish(*at, in, at->take(in));
  }
  EXPECT_TRUE(travelling.empty());
  // An original has nothing but its topic to tell it by, so the other gateway takes it once; its own comes to rest.
  EXPECT_LE(hops, format == "original" ? 2 : 1);
}

INSTANTIATE_TEST_SUITE_P(Formats, Facing, testing::Values("structured", "batch", "data", "original"));

}  // namespace
}  // namespace sluice::flow
