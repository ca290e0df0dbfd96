#include "gateway/flow/replay.h"

#include <fstream>
#include <functional>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "gateway/flow/delivery.h"
#include "gateway/flow/ingest.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;
using Fate = Replayed::Fate;
using Ids = std::vector<std::int64_t>;

/// The schema as it was, and mended: the plug says "42 W", not "42".
std::string schema(const std::string& pattern) {
  return "family: plug\nmessages:\n  - name: power\n    topic: plug/{device}/power\n    format: text\n"
         "    pattern: '" +
         pattern + "'\n    readings: { power: { at: w, unit: W, type: number } }\n";
}

/// A cloud that notes what it is sent, and answers as the test says.
class NotingSink final : public UplinkSink {
 public:
  std::function<Verdict(const Record&)> answer = [](const Record&) { return Verdict::accept(); };
  std::vector<Record> sent;
  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    std::vector<Verdict> verdicts;
    for (const Record& record : records) {
      sent.push_back(record);
      verdicts.push_back(answer(record));
      if (verdicts.back().outcome == Outcome::deferred) break;
    }
    return verdicts;
  }
};

/// Goes on by itself whenever it is looked at.
class TickingClock final : public Clock {
 public:
  TickingClock(stage::FakeClock& clock, Duration tick) : clock_(clock), tick_(tick) {}
  Instant now() const override { return clock_.advance(tick_), clock_.now(); }
  Timestamp wall_time() const override { return clock_.wall_time(); }
  bool synced() const override { return true; }
  std::int64_t boot() const override { return clock_.boot(); }
  Duration uptime() const override { return clock_.uptime(); }

 private:
  stage::FakeClock& clock_;
  const Duration tick_;
};

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open({folder_ / "data", store::Durability::process_crash, {}}, clock_, log_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    ASSERT_TRUE(store_->keep_clouds({"a", "b"}));
    use(schema("(?P<w>[0-9]+)"));
    devices_ = std::make_unique<Devices>(*store_, clock_, log_);
  }
  void TearDown() override { expect_balance(); }

  void use(const std::string& text) {
    std::filesystem::create_directories(folder_ / "schemas");
    std::ofstream(folder_ / "schemas/plug.yaml") << text;
    normalize::Problems problems;
    library_ = normalize::Library::load({folder_ / "schemas", {}, {}}, problems);
    ASSERT_TRUE(library_) << problems.text();
  }
  normalize::Normalizer::Options options() const { return {normalize::Unmatched::ignore, "UTC"}; }

  void receive(const std::vector<std::string>& payloads, const std::string& topic = "plug/p/power") {
    auto normalizer = std::make_unique<normalize::Normalizer>(library_, options());
    Ingest ingest({"home-pi"}, std::move(normalizer), *store_, *devices_, ids_, clock_, log_);
    std::vector<Message> messages;
    for (const std::string& payload : payloads)
      messages.push_back(
          {.topic = topic, .payload = payload, .received_at = clock_.wall_time(), .payload_size = payload.size()});
    ASSERT_TRUE(ingest.accept(messages));
  }
  std::vector<Replayed> replay(const Ids& ids) {
    auto answers = Replay(
                       [this] {
                         return Replay::Reading{library_, options(), keep_payloads_};
                       },
                       *store_, ids_, clock_, log_)
                       .replay(ids);
    EXPECT_TRUE(answers) << answers.error().message;
    return answers ? *answers : std::vector<Replayed>{};
  }
  Ids held() {
    Ids ids;
    const auto page = *store_->quarantine({}, {.after = 0});
    for (const auto& entry : page.entries) ids.push_back(entry.id);
    return ids;
  }
  std::vector<Record> outbox() { return store_->read("a", {.count_max = 100'000, .bytes_max = 1 << 30})->records; }
  void expect_balance() {
    const store::Snapshot shown = store_->snapshot();
    const store::MessageCounts& m = shown.messages;
    EXPECT_EQ(m.received(), m.understood + m.ignored + m.quarantined + m.redelivered);
    for (const store::CloudCounts& c : shown.clouds)
      EXPECT_EQ(c.stored, c.delivered + c.rejected + c.skipped + c.dropped_size + c.dropped_age + c.backlog_records);
  }

  stage::TempFolder folder_;
  stage::FakeClock clock_;
  stage::RecordingLog log_;
  RecordIds ids_{clock_};
  bool keep_payloads_ = false;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<const normalize::Library> library_;
  std::unique_ptr<Devices> devices_;
};

TEST_F(ReplayTest, WhatTheMendedSchemaReadsIsAnEventOfTheTimeItCame) {
  const Timestamp came = clock_.wall_time();
  receive({"42 W", "17 W"});
  ASSERT_EQ(held(), (Ids{1, 2}));
  clock_.advance(48h);
  use(schema("(?P<w>[0-9]+) W"));
  const auto answers = replay({1, 2});
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].fate, Fate::understood);
  EXPECT_EQ(answers[0].records, 1u);
  EXPECT_TRUE(held().empty());
  const auto records = outbox();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_NE(records[0].data.find("\"value\":42"), std::string::npos) << records[0].data;
  EXPECT_NE(records[1].data.find("\"value\":17"), std::string::npos) << "in the order of the entries";
  EXPECT_EQ(records[0].time, came);
  EXPECT_EQ(records[0].id.time(), clock_.wall_time()) << "a new id, of now";
  EXPECT_NE(records[0].id, records[1].id);
  EXPECT_EQ(store_->snapshot().messages.understood, 2u);
  EXPECT_EQ(store_->snapshot().messages.quarantined, 0u);
}

TEST_F(ReplayTest, WhatCannotBeReadStillStaysWithTheNewReason) {
  receive({"nonsense"});
  const std::string before = (*store_->quarantined(1))->what.reason;
  use("family: plug\nmessages:\n  - { name: power, topic: 'plug/{device}/power', format: json, readings: { a: /A } "
      "}\n");
  const auto answers = replay({1});
  EXPECT_EQ(answers[0].fate, Fate::quarantined);
  EXPECT_TRUE(answers[0].reason.starts_with("not JSON")) << answers[0].reason;
  EXPECT_EQ((*store_->quarantined(1))->what.reason, answers[0].reason);
  EXPECT_NE(answers[0].reason, before);
  EXPECT_EQ(store_->snapshot().messages.quarantined, 1u);
  EXPECT_TRUE(outbox().empty());
}

TEST_F(ReplayTest, WhatNoSchemaWantsAnyMoreIsIgnored) {
  receive({"nonsense"});
  use("family: other\nmessages:\n  - { name: m, topic: 'other/{device}', format: text, readings: {} }\n");
  EXPECT_EQ(replay({1})[0].fate, Fate::ignored);
  EXPECT_EQ(store_->snapshot().messages.ignored, 1u);
  EXPECT_TRUE(held().empty());
}

TEST_F(ReplayTest, NothingIsReplayedTwice) {
  receive({"42 W"});
  use(schema("(?P<w>[0-9]+) W"));
  const auto answers = replay({1, 1, 2});
  EXPECT_EQ(answers[0].fate, Fate::understood);
  EXPECT_EQ(answers[1].fate, Fate::gone) << "the same asked for twice";
  EXPECT_EQ(answers[2].fate, Fate::gone);
  EXPECT_EQ(replay({1})[0].fate, Fate::gone);
  EXPECT_EQ(outbox().size(), 1u);
}

TEST_F(ReplayTest, ManyAreReplayedAndEachArrivesOnce) {
  constexpr int count = 3000;
  std::vector<std::string> payloads;
  for (int i = 0; i < count; ++i) payloads.push_back(std::to_string(i) + " W");
  receive(payloads);
  use(schema("(?P<w>[0-9]+) W"));
  Ids ids(count);
  for (int i = 0; i < count; ++i) ids[static_cast<std::size_t>(i)] = i + 1;
  // Again and again, as a command line does: what there was no time for, and all that was done.
  for (int i = 0; i < 2; ++i) replay(ids);
  std::set<std::string> said;
  const auto records = outbox();
  for (const Record& record : records) said.insert(record.data);
  EXPECT_EQ(records.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(said.size(), static_cast<std::size_t>(count));
  EXPECT_TRUE(held().empty());
}

TEST_F(ReplayTest, TheTimeOfOneCallIsBounded) {
  receive({"1 W", "2 W", "3 W"});
  use(schema("(?P<w>[0-9]+) W"));
  const TickingClock ticking(clock_, 600ms);
  Replay slow([this] { return Replay::Reading{library_, options(), false}; }, *store_, ids_, ticking, log_);
  const auto answers = slow.replay(Ids{1, 2, 3});
  ASSERT_TRUE(answers);
  EXPECT_EQ((*answers)[0].fate, Fate::understood);
  EXPECT_EQ(answers->back().fate, Fate::later);
  EXPECT_EQ(held().back(), 3);
}

TEST_F(ReplayTest, TheDevicesOwnPayloadIsKeptWhereACloudWantsIt) {
  receive({"42 W"});
  use(schema("(?P<w>[0-9]+) W"));
  keep_payloads_ = true;
  replay({1});
  EXPECT_EQ(store_->read("a", {.payloads = true})->records.at(0).payload, "42 W");
}

TEST_F(ReplayTest, PresenceOfThePastIsNotThePresent) {
  receive({"42 W"});
  use(schema("(?P<w>[0-9]+) W"));
  replay({1});
  EXPECT_FALSE(devices_->known("plug/p"));
}

/// Two clouds, "a" of which has refused the second of three readings.
class SendAgainTest : public ReplayTest {
 protected:
  void SetUp() override {
    ReplayTest::SetUp();
    start();
    sink_a_.answer = [this](const Record& record) {
      return record.data.find("\"value\":2") != std::string::npos ? verdict_ : Verdict::accept();
    };
    receive({"1", "2", "3"});
    deliver();
    ASSERT_EQ(held(), Ids{1});
    ASSERT_EQ(counts().rejected, 1u);
  }
  void start() {
    a_.emplace(Delivery::Options{.cloud = "a", .type = "webhook", .only = {}}, *store_, sink_a_, clock_, log_);
    b_.emplace(Delivery::Options{.cloud = "b", .type = "webhook", .only = {}}, *store_, sink_b_, clock_, log_);
  }
  void deliver() {
    for (Delivery* each : {&*a_, &*b_})
      while (each->step({}) == Duration(0)) {
      }
  }
  store::CloudCounts counts(std::size_t cloud = 0) { return store_->snapshot().clouds.at(cloud); }

  Verdict verdict_ = Verdict::reject("422");
  NotingSink sink_a_, sink_b_;
  std::optional<Delivery> a_, b_;
};

TEST_F(SendAgainTest, ARefusedRecordGoesToItsCloudAloneUnderTheSameId) {
  const RecordId id = (*store_->quarantined(1))->what.record->id;
  EXPECT_EQ(replay({1})[0].fate, Fate::resent);
  EXPECT_EQ(replay({1})[0].fate, Fate::gone) << "it waits already";
  EXPECT_EQ(counts().rejected, 0u);
  EXPECT_EQ(counts().backlog_records, 1u);
  verdict_ = Verdict::accept();
  sink_a_.sent.clear();
  sink_b_.sent.clear();
  deliver();
  ASSERT_EQ(sink_a_.sent.size(), 1u);
  EXPECT_EQ(sink_a_.sent[0].id, id);
  EXPECT_TRUE(sink_b_.sent.empty());
  EXPECT_EQ(counts().delivered, 3u);
  EXPECT_EQ(counts().backlog_records, 0u);
  EXPECT_TRUE(held().empty());
}

TEST_F(SendAgainTest, OneThatIsRefusedAgainIsInQuarantineAgain) {
  replay({1});
  verdict_ = Verdict::reject("422 once more");
  deliver();
  EXPECT_EQ(held(), Ids{1});
  EXPECT_EQ((*store_->quarantined(1))->what.reason, "422 once more");
  EXPECT_EQ(counts().rejected, 1u);
}

TEST_F(SendAgainTest, OneThatTheCloudCannotTakeNowHoldsUpNothingElse) {
  replay({1});
  verdict_ = Verdict::pause("401");
  receive({"4"});
  sink_a_.sent.clear();
  deliver();
  EXPECT_EQ(counts().delivered, 3u) << "telemetry goes on beside it";
  EXPECT_EQ(counts().backlog_records, 1u);
  EXPECT_EQ(sink_a_.sent.size(), 2u);
  deliver();
  EXPECT_EQ(sink_a_.sent.size(), 2u) << "it rests";
  verdict_ = Verdict::accept();
  clock_.advance(61s);
  deliver();
  EXPECT_EQ(counts().delivered, 4u);
}

TEST_F(SendAgainTest, ACloudThatIsAwayIsLeftInPeaceByReplaysToo) {
  receive({"2"});
  deliver();
  ASSERT_EQ(held(), (Ids{1, 2}));
  replay({1, 2});
  sink_a_.answer = [](const Record& record) {
    return record.data.find("\"value\":4") != std::string::npos ? Verdict::defer("503", Duration(20s))
                                                                : Verdict::accept();
  };
  receive({"4"});
  a_.emplace(Delivery::Options{.cloud = "a", .type = "webhook", .only = {}, .count_max = 1}, *store_, sink_a_, clock_,
             log_);
  EXPECT_EQ(a_->step({}), Duration(20s)) << "though another one is to be sent again";
  EXPECT_TRUE(a_->backing_off());
  EXPECT_TRUE(store_->waits_again("a"));
}

TEST_F(SendAgainTest, SurvivesARestart) {
  replay({1});
  a_.reset();
  b_.reset();
  devices_.reset();
  store_.reset();
  auto opened = store::Store::open({folder_ / "data", store::Durability::process_crash, {}}, clock_, log_);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  start();
  verdict_ = Verdict::accept();
  deliver();
  EXPECT_EQ(counts().delivered, 3u);
}

TEST_F(SendAgainTest, ACloudThatIsGoneIsNamed) {
  ASSERT_TRUE(store_->keep_clouds({"b"}));
  const auto answers = replay({1});
  EXPECT_EQ(answers[0].fate, Fate::quarantined);
  EXPECT_NE(answers[0].reason.find("not in the configuration"), std::string::npos);
}

}  // namespace
}  // namespace sluice::flow
