#include "gateway/flow/ingest.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "gateway/core/unsynced.h"
#include "gateway/flow/notices.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

constexpr const char* schema = R"(
family: plug
messages:
  - name: power
    topic: plug/{device}/power
    format: text
    readings:
      power: { at: value, unit: W, type: number }
)";

class IngestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "schemas");
    std::ofstream(folder_ / "schemas/plug.yaml") << schema;
    open();
  }

  void open(store::Limits limits = {}) {
    ingest_.reset();
    store_.reset();
    auto opened = store::Store::open({folder_ / "data", store::Durability::process_crash, limits}, clock_, log_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    ASSERT_TRUE(store_->keep_clouds({"cloud"}));
    devices_ = std::make_unique<Devices>(*store_, clock_, log_);
    ingest_ = std::make_unique<Ingest>(Ingest::Options{"home-pi", ignore_retained_}, reader(), *store_, *devices_, ids_,
                                       clock_, log_);
  }

  /// By the schemas as they lie in the folder now.
  std::unique_ptr<normalize::Normalizer> reader() {
    normalize::Problems problems;
    const auto library = normalize::Library::load({folder_ / "schemas", {}, {}}, problems);
    EXPECT_TRUE(library) << problems.text();
    return std::make_unique<normalize::Normalizer>(library,
                                                   normalize::Normalizer::Options{normalize::Unmatched::ignore, "UTC"});
  }

  static store::Limits room_for_two() {
    store::Limits limits;
    limits.size_max = 800;
    limits.when_full = store::WhenFull::hold;
    return limits;
  }

  Message message(std::string topic, std::string payload, std::uint16_t packet_id = 0, bool resent = false) {
    Message m;
    m.topic = std::move(topic);
    m.payload = std::move(payload);
    m.payload_size = m.payload.size();
    m.qos = packet_id == 0 ? 0 : 1;
    m.packet_id = packet_id;
    m.resent = resent;
    m.received_at = clock_.wall_time();
    return m;
  }
  store::MessageCounts counts() { return store_->snapshot().messages; }
  void expect_balance() {
    const auto c = counts();
    EXPECT_EQ(c.received(), c.understood + c.ignored + c.quarantined + c.redelivered);
  }

  stage::TempFolder folder_;
  stage::FakeClock clock_;
  stage::RecordingLog log_;
  RecordIds ids_{clock_};
  bool ignore_retained_ = false;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Devices> devices_;
  std::unique_ptr<Ingest> ingest_;
};

TEST_F(IngestTest, EveryMessageHasExactlyOneFate) {
  const std::vector<Message> batch = {message("plug/a/power", "42"), message("plug/a/power", "much", 1),
                                      message("elsewhere", "1", 2), message("plug/b/power", "7", 3)};
  ASSERT_TRUE(ingest_->accept(batch));
  const auto c = counts();
  EXPECT_EQ(c.received_qos0, 1u);
  EXPECT_EQ(c.received_qos1, 3u);
  EXPECT_EQ(c.understood, 2u);
  EXPECT_EQ(c.quarantined, 1u);
  EXPECT_EQ(c.ignored, 1u);
  expect_balance();
  const auto page = store_->read("cloud", {});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->records.size(), 2u);
  EXPECT_EQ(page->records[0].device, "plug/a");
  EXPECT_NE(page->records[0].id, RecordId{});
  EXPECT_LT(page->records[0].id, page->records[1].id);
}

TEST_F(IngestTest, ARedeliveryIsRecognisedAcrossARestart) {
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1), message("plug/a/power", "2", 2)}));
  open();
  ASSERT_TRUE(
      ingest_->accept(std::vector{message("plug/a/power", "2", 2, true), message("plug/a/power", "3", 3, true)}));
  const auto c = counts();
  EXPECT_EQ(c.redelivered, 1u);
  EXPECT_EQ(c.understood, 3u);
  EXPECT_EQ(store_->snapshot().stored, 3u);
  expect_balance();
}

TEST_F(IngestTest, WhatCouldNotBeStoredIsNoRedeliveryWhenItComesAgain) {
  open(room_for_two());
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "0", 100)}));
  std::vector<Message> batch;
  for (std::uint16_t id = 1; id <= 5; ++id) batch.push_back(message("plug/a/power", std::to_string(id), id));
  ASSERT_FALSE(ingest_->accept(batch));
  EXPECT_EQ(counts().received(), 1u);
  EXPECT_FALSE(ingest_->accepting());
  open();  // there is room again
  for (Message& m : batch) m.resent = true;
  ASSERT_TRUE(ingest_->accept(batch));
  EXPECT_EQ(counts().understood, 6u);
  EXPECT_EQ(counts().redelivered, 0u);
}

TEST_F(IngestTest, AfterAFailedCommitInTheSameProcessNothingLooksKnown) {
  open(room_for_two());
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "0", 100)}));
  std::vector<Message> batch;
  for (std::uint16_t id = 1; id <= 5; ++id) batch.push_back(message("plug/a/power", std::to_string(id), id));
  ASSERT_FALSE(ingest_->accept(batch));
  // One alone fits; the broker delivers it again.
  Message again = batch[0];
  again.resent = true;
  ASSERT_TRUE(ingest_->accept(std::vector{again}));
  EXPECT_EQ(counts().understood, 2u);
  EXPECT_EQ(counts().redelivered, 0u);
}

TEST_F(IngestTest, ReceiptsOfIgnoredMessagesRideOnTheNextCommit) {
  // Packet ids of ignored messages count too: else an id would look recent for too long.
  ASSERT_TRUE(ingest_->accept(std::vector{message("elsewhere", "1", 1)}));
  EXPECT_TRUE(store_->receipts()->empty());
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "2", 2)}));
  EXPECT_EQ(store_->receipts()->size(), 2u);
}

TEST_F(IngestTest, RetainedMessagesAreIgnoredWhereTheConfigurationSaysSo) {
  ignore_retained_ = true;
  open();
  Message retained = message("plug/a/power", "1", 1);
  retained.retained = true;
  ASSERT_TRUE(ingest_->accept(std::vector{retained}));
  EXPECT_EQ(counts().ignored, 1u);
  EXPECT_EQ(store_->snapshot().stored, 0u);
}

TEST_F(IngestTest, ALostSessionIsToldCountedAndItsPacketIdsForgotten) {
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1)}));
  ASSERT_TRUE(ingest_->session_lost());
  EXPECT_EQ(ingest_->sessions_lost(), 1u);
  EXPECT_TRUE(store_->receipts()->empty());
  const auto page = store_->read("cloud", {});
  ASSERT_EQ(page->records.size(), 2u);
  EXPECT_EQ(page->records[1].kind, RecordKind::notice);
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1, true)}));
  EXPECT_EQ(counts().understood, 2u);
}

TEST_F(IngestTest, TheFirstConnectionEverLosesNoSession) {
  ASSERT_TRUE(ingest_->session_lost());
  EXPECT_EQ(ingest_->sessions_lost(), 0u);
  EXPECT_EQ(store_->snapshot().stored, 0u);
}

TEST_F(IngestTest, AnOversizeMessageIsSetAsideCut) {
  Message large = message("plug/a/power", std::string(oversize_kept, '1'), 1);
  large.payload_size = 5'000'000;
  ASSERT_TRUE(ingest_->accept(std::vector{large}));
  EXPECT_EQ(counts().quarantined, 1u);
}

TEST_F(IngestTest, ABrokerThatReusesPacketIdsAtOnceIsNotBelieved) {
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1)}));
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1)}));
  EXPECT_TRUE(store_->receipts()->empty());
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1", 1, true)}));
  EXPECT_EQ(counts().understood, 3u);
  EXPECT_EQ(counts().redelivered, 0u);
}

TEST_F(IngestTest, NoticesTellWhatWasDroppedAtMostOnceAMinute) {
  Notices notices("home-pi", *store_, ids_, clock_, log_);
  const std::vector<store::Store::Dropped> dropped = {{"cloud", 3, 2}};
  notices.step(dropped, {});
  notices.step(dropped, {});
  notices.step({}, {});
  EXPECT_EQ(store_->snapshot().stored, 1u);
  clock_.advance(61s);
  notices.step({}, {});
  const auto page = store_->read("cloud", {});
  ASSERT_EQ(page->records.size(), 2u);
  EXPECT_NE(page->records[1].data.find("\"records\":5"), std::string::npos);
}

TEST_F(IngestTest, WhatComesBeforeTheClockIsSyncedIsMarkedAndMended) {
  const Duration behind = std::chrono::days(20'000);
  clock_.set_synced(false);
  clock_.jump(-behind);
  Message early = message("plug/a/power", "42");
  early.boot_at = started_at(clock_);
  Message broken = message("plug/a/power", "much");
  broken.boot_at = early.boot_at;
  ASSERT_TRUE(ingest_->accept(std::vector{early, broken}));
  ASSERT_TRUE(ingest_->session_lost());
  auto page = store_->read("cloud", {});
  ASSERT_EQ(page->records.size(), 2u);
  for (const Record& record : page->records)
    EXPECT_NE(record.data.find(R"(,"clock":"unsynced")"), std::string::npos) << record.data;
  EXPECT_LT(page->records[0].time, Timestamp(std::chrono::days(1000)));

  clock_.jump(behind);
  clock_.set_synced(true);
  Notices notices("home-pi", *store_, ids_, clock_, log_);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(store_->step());
  const auto mended = store_->take_mended();
  ASSERT_TRUE(mended);
  notices.tell_mended(*mended);
  page = store_->read("cloud", {});
  ASSERT_EQ(page->records.size(), 3u);
  for (const Record& record : page->records) {
    EXPECT_EQ(record.time, clock_.wall_time()) << record.data;
    EXPECT_EQ(record.data.find("unsynced"), std::string::npos) << record.data;
  }
  EXPECT_NE(page->records[2].data.find(R"("notice":"clock_synced")"), std::string::npos);
  EXPECT_NE(page->records[2].data.find("was 1728000000 s behind"), std::string::npos) << page->records[2].data;
  EXPECT_NE(page->records[2].data.find(R"("records":2)"), std::string::npos);
}

TEST_F(IngestTest, NoticesTellThatACloudIsBack) {
  Notices notices("home-pi", *store_, ids_, clock_, log_);
  CloudState cloud;
  cloud.name = "cloud";
  cloud.health = CloudState::Health::down;
  cloud.last_error = "503";
  notices.step({}, std::vector{cloud});
  clock_.advance(5min);
  cloud.health = CloudState::Health::up;
  notices.step({}, std::vector{cloud});
  const auto page = store_->read("cloud", {});
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_NE(page->records[0].data.find("\"notice\":\"cloud_back\""), std::string::npos);
}

TEST_F(IngestTest, AChangedSchemaCountsFromTheNextBatchOn) {
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "1"), message("plug/a/volts", "230")}));
  EXPECT_EQ(counts().ignored, 1u);
  std::ofstream(folder_ / "schemas/plug.yaml", std::ios::app)
      << "  - name: volts\n    topic: plug/{device}/volts\n    format: text\n"
         "    readings:\n      volts: { at: value, unit: V, type: number }\n";
  ingest_->change({"home-pi", ignore_retained_}, reader());
  ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", "2"), message("plug/a/volts", "231")}));
  EXPECT_EQ(counts().understood, 3u);
  EXPECT_EQ(counts().ignored, 1u);
  expect_balance();
}

TEST_F(IngestTest, ChangesComeWhileMessagesDo) {
  std::atomic<bool> done = false;
  std::thread changes([&] {
    while (!done) ingest_->change({"home-pi", ignore_retained_}, reader());
  });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(ingest_->accept(std::vector{message("plug/a/power", std::to_string(i))}));
  done = true;
  changes.join();
  EXPECT_EQ(counts().understood, 200u);
}

}  // namespace
}  // namespace sluice::flow
