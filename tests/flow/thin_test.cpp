// uplink.thin: of each slot, device and schema the last reading, all else in order, and every record counted once.
#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "gateway/flow/delivery.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

struct Cloud final : UplinkSink {
  std::function<Verdict(const Record&)> answer = [](const Record&) { return Verdict::accept(); };
  std::vector<Record> accepted;

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    std::vector<Verdict> verdicts;
    for (const Record& record : records) {
      verdicts.push_back(answer(record));
      if (verdicts.back().outcome == Outcome::deferred) break;
      if (verdicts.back().outcome == Outcome::accepted) accepted.push_back(record);
    }
    return verdicts;
  }
  std::vector<std::string> values() const {
    std::vector<std::string> all;
    for (const Record& record : accepted) all.push_back(record.data.substr(record.data.rfind(':') + 1));
    return all;
  }
};

struct ThinTest : testing::Test {
  void SetUp() override { open({}); }

  void open(store::Limits limits) {
    store.reset();
    auto opened = store::Store::open({folder / "data", store::Durability::process_crash, limits}, clock, log);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    ASSERT_TRUE(store->keep_clouds({"cloud"}));
  }

  RecordId append(const std::string& device, int value, RecordKind kind = RecordKind::reading) {
    return append(ids.next(), device, value, kind);
  }
  RecordId append(RecordId id, const std::string& device, int value, RecordKind kind = RecordKind::reading) {
    Record record;
    record.id = id;
    record.kind = kind;
    record.device = device;
    record.schema = "a/b";
    record.time = clock.wall_time();
    record.data =
        R"({"device":"x","at":)" + std::to_string(++written) + R"(,"readings":)" + std::to_string(value) + "}";
    store::Batch batch;
    batch.records.push_back(record);
    EXPECT_TRUE(store->append(batch));
    return record.id;
  }

  std::unique_ptr<Delivery> delivery(Thin thin) {
    Delivery::Options options;
    options.cloud = "cloud";
    options.thin = thin;
    options.count_max = 7;
    return std::make_unique<Delivery>(std::move(options), *store, cloud, clock, log);
  }
  static void run(Delivery& delivery) {
    while (delivery.step({}) == Duration(0)) {
    }
  }
  store::CloudCounts counts() { return store->snapshot().clouds.at(0); }
  void expect_balance() {
    const auto c = counts();
    EXPECT_EQ(c.stored, c.delivered + c.rejected + c.skipped + c.dropped_size + c.dropped_age + c.backlog_records);
  }

  stage::TempFolder folder;
  stage::FakeClock clock;
  stage::RecordingLog log;
  RecordIds ids{clock};
  std::unique_ptr<store::Store> store;
  Cloud cloud;
  int written = 0;
};

using Values = std::vector<std::string>;

TEST_F(ThinTest, TheLastOfASlotGoesUpWhenItIsOver) {
  auto out = delivery({60s, false});
  append("a", 1);
  append("a", 2);
  run(*out);
  EXPECT_EQ(cloud.values(), Values{}) << "the slot may bring another";
  append("a", 3);
  clock.advance(62s);
  run(*out);
  EXPECT_EQ(cloud.values(), Values{"3}"});
  EXPECT_EQ(counts().skipped, 2u);
  EXPECT_EQ(counts().delivered, 1u);
  EXPECT_EQ(counts().backlog_records, 0u);
}

TEST_F(ThinTest, WhatIsNoReadingGoesUpAtOnceAndOtherDevicesDoNotWait) {
  auto out = delivery({60s, false});
  append("a", 1);
  append("b", 2, RecordKind::occurrence);
  append("c", 3, RecordKind::presence);
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"2}", "3}"}));
  expect_balance();
}

TEST_F(ThinTest, ADevicesOrderIsKept) {
  auto out = delivery({60s, false});
  append("a", 1);
  append("a", 2, RecordKind::occurrence);
  run(*out);
  EXPECT_EQ(cloud.values(), Values{}) << "it waits behind the reading";
  clock.advance(62s);
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"1}", "2}"}));
}

TEST_F(ThinTest, OnChangeComparesWithWhatTheCloudAccepted) {
  auto out = delivery({0s, true});
  append("a", 1);
  append("a", 1);
  append("a", 2);
  append("a", 2);
  append("a", 1);
  append("b", 1);
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"1}", "1}", "2}", "1}"})) << "b's first, and a's changes";
  EXPECT_EQ(counts().skipped, 2u);

  cloud.answer = [](const Record&) { return Verdict::reject("no"); };
  append("a", 7);
  run(*out);
  cloud.answer = [](const Record&) { return Verdict::accept(); };
  append("a", 7);
  run(*out);
  EXPECT_EQ(cloud.values().back(), "7}") << "what was refused is not known there";
}

TEST_F(ThinTest, ABacklogOfManySlotsGivesOneOfEach) {
  for (int slot = 0; slot < 5; ++slot) {
    for (int i = 0; i < 10; ++i) append("a", slot * 100 + i);
    clock.advance(60s);
  }
  auto out = delivery({60s, false});
  clock.advance(2s);
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"9}", "109}", "209}", "309}", "409}"}));
  EXPECT_EQ(counts().skipped, 45u);
}

TEST_F(ThinTest, ARestartDecidesTheSameAgain) {
  append("a", 1);
  append("b", 2, RecordKind::occurrence);
  {
    auto out = delivery({60s, false});
    run(*out);
  }
  EXPECT_EQ(counts().delivered, 0u) << "settled in order only";
  append("a", 3);
  clock.advance(62s);
  auto out = delivery({60s, false});
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"2}", "2}", "3}"})) << "b's twice, under the same id";
  EXPECT_EQ(cloud.accepted[0].id, cloud.accepted[1].id);
  EXPECT_EQ(counts().backlog_records, 0u);
}

TEST_F(ThinTest, WhatShowsAfterItsSlotWasSentCountsForTheNext) {
  auto out = delivery({60s, false});
  append("a", 1);
  const RecordId late = ids.next();  // its commit takes long
  clock.advance(62s);
  run(*out);
  append(late, "a", 2);
  run(*out);
  EXPECT_EQ(cloud.values(), Values{"1}"});
  append("a", 3);
  clock.advance(62s);
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"1}", "3}"}));
}

TEST_F(ThinTest, AClockThatIsSetBackStopsNothing) {
  auto out = delivery({60s, false});
  append("a", 1);
  clock.jump(-24h);
  run(*out);
  EXPECT_EQ(cloud.values(), Values{"1}"});
}

TEST_F(ThinTest, ADeferralKeepsTheRest) {
  auto out = delivery({60s, false});
  int left = 0;
  cloud.answer = [&](const Record&) { return left-- > 0 ? Verdict::accept() : Verdict::defer("busy"); };
  for (int i = 0; i < 4; ++i) append("d" + std::to_string(i), i, RecordKind::occurrence);
  left = 2;
  out->step({});
  EXPECT_TRUE(out->backing_off());
  EXPECT_EQ(counts().delivered, 2u);
  left = 100;
  run(*out);
  EXPECT_EQ(cloud.values(), (Values{"0}", "1}", "2}", "3}"}));
}

/// Random histories: everything has one fate, what goes up is what shall, and each device's order is kept.
class ThinHistory : public ThinTest, public testing::WithParamInterface<unsigned> {};

TEST_P(ThinHistory, KeepsItsPromises) {
  std::mt19937 random(GetParam());
  const auto any = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  const bool tight = any(3) == 0;
  if (tight) open({.size_max = 30 * 120});  // drops under its feet
  const Thin thin{any(1) == 0 ? 60s : 10s, any(2) == 0};
  std::map<RecordId, std::pair<std::string, RecordKind>> appended;
  std::map<std::pair<std::string, std::int64_t>, RecordId> last_of_slot;
  std::set<RecordId> refused;
  std::vector<std::size_t> lives{0};  ///< what the cloud had accepted when each began
  cloud.answer = [&](const Record& record) {
    switch (any(9)) {
      case 0:
        return Verdict::defer("busy");
      case 1:
        refused.insert(record.id);
        return Verdict::reject("no");
      default:
        return Verdict::accept();
    }
  };
  auto out = delivery(thin);
  for (int i = 0; i < 400; ++i) {
    switch (any(9)) {
      case 0:
        clock.advance(Duration(any(30'000)));
        break;
      case 1:
        out->step({});
        expect_balance();
        break;
      case 2:
        if (any(9) > 0) break;
        out = delivery(thin);
        lives.push_back(cloud.accepted.size());
        break;
      default: {
        const std::string device = "d" + std::to_string(any(4));
        const RecordKind kind = any(4) == 0 ? RecordKind::occurrence : RecordKind::reading;
        const RecordId id = append(device, any(2), kind);
        appended[id] = {device, kind};
        const std::int64_t slot = id.time().time_since_epoch().count() / thin.every.count();
        if (kind == RecordKind::reading) last_of_slot[{device, slot}] = id;
      }
    }
  }
  clock.advance(120s);
  cloud.answer = [](const Record&) { return Verdict::accept(); };
  for (int i = 0; i < 200; ++i) out->step({});
  expect_balance();
  EXPECT_EQ(counts().backlog_records, 0u);

  std::set<RecordId> up;
  std::map<std::string, RecordId> newest;
  for (std::size_t i = 0; i < cloud.accepted.size(); ++i) {
    const Record& record = cloud.accepted[i];
    // After a restart what was not settled goes up again, in order.
    if (std::find(lives.begin(), lives.end(), i) != lives.end()) newest.clear();
    EXPECT_LT(newest[record.device], record.id) << "out of order: " << record.device;
    newest[record.device] = record.id;
    up.insert(record.id);
  }
  if (tight) return;  // what should go up may have been dropped
  for (const auto& [id, what] : appended) {
    const auto& [device, kind] = what;
    const std::int64_t slot = id.time().time_since_epoch().count() / thin.every.count();
    const bool wanted = kind != RecordKind::reading || last_of_slot.at({device, slot}) == id;
    if (!wanted) {
      EXPECT_FALSE(up.contains(id)) << "a second one of its slot";
    }
    if (wanted && !thin.on_change && !refused.contains(id)) {
      EXPECT_TRUE(up.contains(id));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ThinHistory, testing::Range(1u, 41u));

}  // namespace
}  // namespace sluice::flow
