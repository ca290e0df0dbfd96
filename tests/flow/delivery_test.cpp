#include "gateway/flow/delivery.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

/// A cloud that answers as the test says and remembers what it was sent.
class ScriptedSink final : public UplinkSink {
 public:
  std::function<std::vector<Verdict>(std::span<const Record>)> answer = [](std::span<const Record> records) {
    return std::vector<Verdict>(records.size(), Verdict::accept());
  };
  std::vector<std::vector<std::string>> sent;

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    auto& batch = sent.emplace_back();
    for (const Record& record : records) batch.push_back(record.data);
    return answer(records);
  }
};

class DeliveryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open({folder_ / "data", store::Durability::process_crash, {}}, clock_, log_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    ASSERT_TRUE(store_->keep_clouds({"cloud"}));
  }

  void append(int first, int count, std::string device = "tasmota/kitchen") {
    store::Batch batch;
    for (int i = 0; i < count; ++i) {
      Record record;
      record.id = ids_.next();
      record.device = device;
      record.schema = "tasmota/sensor";
      record.time = clock_.wall_time();
      record.data = "{\"n\":" + std::to_string(first + i) + "}";
      batch.records.push_back(record);
    }
    ASSERT_TRUE(store_->append(batch));
  }

  Delivery delivery(Delivery::Options options = {"cloud", "webhook", {}, 500, 256 * 1024, Duration(0)}) {
    return Delivery(std::move(options), *store_, sink_, clock_, log_);
  }
  store::CloudCounts counts() { return store_->snapshot().clouds.at(0); }
  void expect_balance() {
    const auto c = counts();
    EXPECT_EQ(c.stored, c.delivered + c.rejected + c.skipped + c.dropped_size + c.dropped_age + c.backlog_records);
  }

  stage::TempFolder folder_;
  stage::FakeClock clock_;
  stage::RecordingLog log_;
  RecordIds ids_{clock_};
  std::unique_ptr<store::Store> store_;
  ScriptedSink sink_;
};

TEST_F(DeliveryTest, SendsInOrderAndSettles) {
  append(0, 5);
  auto out = delivery({"cloud", "webhook", {}, 2, 256 * 1024, Duration(0)});
  while (out.step({}) == Duration(0)) {
  }
  ASSERT_EQ(sink_.sent.size(), 3u);
  EXPECT_EQ(sink_.sent[0], (std::vector<std::string>{"{\"n\":0}", "{\"n\":1}"}));
  EXPECT_EQ(sink_.sent[2], (std::vector<std::string>{"{\"n\":4}"}));
  EXPECT_EQ(counts().delivered, 5u);
  EXPECT_EQ(out.state().health, CloudState::Health::up);
  EXPECT_EQ(out.state().delivery_seconds.count(), 5u);
  expect_balance();
}

TEST_F(DeliveryTest, DeferredRecordsStayAndTheBackOffGrowsWithJitter) {
  append(0, 1);
  sink_.answer = [](auto) { return std::vector{Verdict::defer("503 from the cloud")}; };
  auto out = delivery();
  Duration most{0};
  for (int i = 0; i < 30; ++i) {
    const Duration rest = out.step({});
    EXPECT_TRUE(out.backing_off());
    EXPECT_GT(rest, Duration(0));
    EXPECT_LE(rest, i == 0 ? Duration(500) : Duration(60s));
    most = std::max(most, rest);
  }
  EXPECT_GT(most, Duration(5s)) << "the back-off did not grow";
  EXPECT_EQ(counts().backlog_records, 1u);
  EXPECT_EQ(out.state().health, CloudState::Health::down);
  EXPECT_EQ(out.state().last_error, "503 from the cloud");
}

TEST_F(DeliveryTest, ObeysRetryAfterUpToAnHour) {
  append(0, 1);
  auto out = delivery();
  sink_.answer = [](auto) { return std::vector{Verdict::defer("429", Duration(7s))}; };
  EXPECT_EQ(out.step({}), Duration(7s));
  sink_.answer = [](auto) { return std::vector{Verdict::defer("429", Duration(48h))}; };
  EXPECT_EQ(out.step({}), Duration(1h));
}

TEST_F(DeliveryTest, PausedRestsOneToFifteenMinutesAndDropsNothing) {
  append(0, 3);
  auto out = delivery();
  sink_.answer = [](auto) { return std::vector{Verdict::pause("401")}; };
  std::vector<Duration> rests;
  for (int i = 0; i < 6; ++i) rests.push_back(out.step({}));
  EXPECT_EQ(rests, (std::vector<Duration>{1min, 2min, 4min, 8min, 15min, 15min}));
  EXPECT_EQ(out.state().health, CloudState::Health::paused);
  EXPECT_EQ(counts().backlog_records, 3u);
  EXPECT_TRUE(log_.contains("paused until this is mended: 401"));
}

TEST_F(DeliveryTest, SettlesUpToTheFirstDeferralOnly) {
  append(0, 4);
  auto out = delivery();
  sink_.answer = [](auto) {
    // The last acceptance breaks the port's rule; it must cost a repeat, not the order.
    return std::vector{Verdict::accept(), Verdict::defer("late"), Verdict::accept(), Verdict::accept()};
  };
  out.step({});
  EXPECT_EQ(counts().delivered, 1u);
  EXPECT_EQ(counts().backlog_records, 3u);
  sink_.answer = [](auto records) { return std::vector<Verdict>(records.size(), Verdict::accept()); };
  out.step({});
  EXPECT_EQ(sink_.sent[1], (std::vector<std::string>{"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"}));
  expect_balance();
}

TEST_F(DeliveryTest, AMissingVerdictIsADeferral) {
  append(0, 2);
  auto out = delivery();
  sink_.answer = [](auto) { return std::vector{Verdict::accept()}; };
  EXPECT_GT(out.step({}), Duration(0));
  EXPECT_EQ(counts().delivered, 1u);
  EXPECT_EQ(counts().backlog_records, 1u);
}

TEST_F(DeliveryTest, ARefusedRecordGoesToQuarantineAndTheRestGoesOn) {
  append(0, 3);
  auto out = delivery();
  sink_.answer = [](auto) {
    return std::vector{Verdict::accept(), Verdict::reject("422: no such unit"), Verdict::accept()};
  };
  EXPECT_EQ(out.step({}), Duration(0));
  const auto snapshot = store_->snapshot();
  EXPECT_EQ(snapshot.clouds[0].delivered, 2u);
  EXPECT_EQ(snapshot.clouds[0].rejected, 1u);
  EXPECT_EQ(snapshot.quarantine_records, 1u);
  EXPECT_TRUE(log_.contains("422: no such unit"));
  expect_balance();
}

TEST_F(DeliveryTest, WhatACloudDoesNotWantIsSkippedInItsPlace) {
  append(0, 1, "tasmota/a");
  append(1, 1, "button/b");
  append(2, 1, "tasmota/c");
  auto out = delivery({"cloud", "webhook", Only{{"tasmota/*"}, {}, {}}, 500, 256 * 1024, Duration(0)});
  sink_.answer = [](auto) { return std::vector{Verdict::accept(), Verdict::defer("later")}; };
  out.step({});
  EXPECT_EQ(sink_.sent[0], (std::vector<std::string>{"{\"n\":0}", "{\"n\":2}"}));
  EXPECT_EQ(counts().delivered, 1u);
  EXPECT_EQ(counts().skipped, 1u);
  EXPECT_EQ(counts().backlog_records, 1u);
  expect_balance();
}

TEST_F(DeliveryTest, NothingIsSentWhereNothingIsWanted) {
  append(0, 5);
  auto out = delivery({"cloud", "webhook", Only{{"other/*"}, {}, {}}, 500, 256 * 1024, Duration(0)});
  out.step({});
  EXPECT_TRUE(sink_.sent.empty());
  EXPECT_EQ(counts().skipped, 5u);
}

TEST_F(DeliveryTest, WaitMaxLetsABatchFill) {
  append(0, 1);
  auto out = delivery({"cloud", "webhook", {}, 3, 256 * 1024, 2s});
  EXPECT_EQ(out.step({}), Duration(2s));
  EXPECT_TRUE(sink_.sent.empty());
  clock_.advance(1500ms);
  EXPECT_EQ(out.step({}), Duration(500ms));
  append(1, 2);  // full before the time
  EXPECT_EQ(out.step({}), Duration(0));
  EXPECT_EQ(sink_.sent.at(0).size(), 3u);
  append(3, 1);
  out.step({});
  clock_.advance(2s);
  EXPECT_EQ(out.step({}), Duration(0));
  EXPECT_EQ(sink_.sent.at(1).size(), 1u);
}

TEST_F(DeliveryTest, AStopIsNoFault) {
  append(0, 1);
  std::stop_source stop;
  stop.request_stop();
  sink_.answer = [](auto) { return std::vector{Verdict::defer("stopping")}; };
  auto out = delivery();
  out.step(stop.get_token());
  EXPECT_EQ(out.state().health, CloudState::Health::up);
}

struct LinkedSink final : UplinkSink {
  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    return std::vector<Verdict>(records.size(), verdict);
  }
  std::optional<Link> link() const override { return now; }
  std::optional<Link> now;
  Verdict verdict = Verdict::accept();
};

TEST_F(DeliveryTest, TellsHowAStandingConnectionIs) {
  LinkedSink sink;
  Delivery out({"cloud", "mqtt", {}, 500, 256 * 1024, Duration(0)}, *store_, sink, clock_, log_);
  out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::up) << "a connector without one";

  sink.now = Link{Link::Health::down, ""};
  out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::down);
  EXPECT_TRUE(log_.lines().empty()) << "not connected yet is no news";

  sink.now = Link{Link::Health::up, ""};
  clock_.advance(5s);
  out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::up);
  EXPECT_EQ(out.state().since, clock_.wall_time());

  sink.now = Link{Link::Health::paused, "wrong password"};
  for (int i = 0; i < 3; ++i) out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::paused);
  EXPECT_EQ(out.state().last_error, "wrong password");
  EXPECT_EQ(std::ranges::count_if(log_.lines(), [](const auto& line) { return line.find("wrong") != line.npos; }), 1);
}

TEST_F(DeliveryTest, AVerdictSpeaksWhileTheConnectionStands) {
  LinkedSink sink;
  sink.now = Link{Link::Health::up, ""};
  Delivery out({"cloud", "mqtt", {}, 500, 256 * 1024, Duration(0)}, *store_, sink, clock_, log_);
  append(0, 1);
  sink.verdict = Verdict::pause("not authorised to publish");
  out.look();
  out.step({});
  out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::paused);

  sink.now = Link{Link::Health::down, "lost"};
  out.look();
  sink.now = Link{Link::Health::up, ""};
  out.look();
  EXPECT_EQ(out.state().health, CloudState::Health::paused) << "a connection that is back does not end it";
  EXPECT_EQ(out.state().last_error, "not authorised to publish");
}

TEST_F(DeliveryTest, OriginalsAloneGoWhereTheyAreWanted) {
  store::Batch batch;
  for (int i = 0; i < 2; ++i) {
    Record& record = batch.records.emplace_back();
    record.id = ids_.next();
    record.device = record.schema = "a/b";
    record.data = "{}";
    if (i == 0) record.payload = std::string("\0\xff raw", 6);
  }
  ASSERT_TRUE(store_->append(batch));
  Delivery::Options options{"cloud", "mqtt", {}, 500, 256 * 1024, Duration(0)};
  options.only.originals = true;
  auto out = delivery(std::move(options));
  std::vector<std::optional<std::string>> payloads;
  sink_.answer = [&](std::span<const Record> records) {
    for (const Record& record : records) payloads.push_back(record.payload);
    return std::vector<Verdict>(records.size(), Verdict::accept());
  };
  out.step({});
  ASSERT_EQ(payloads.size(), 1u);
  EXPECT_EQ(payloads[0], std::string("\0\xff raw", 6));
  EXPECT_EQ(counts().skipped, 1u);
}

}  // namespace
}  // namespace sluice::flow
