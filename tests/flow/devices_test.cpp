// Which devices are known, and what they said last.
#include "gateway/flow/devices.h"

#include <gtest/gtest.h>

#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::flow {
namespace {

using namespace std::chrono_literals;

struct DevicesTest : testing::Test {
  void SetUp() override { open(); }
  void open() {
    store.reset();
    auto opened = store::Store::open({folder / "data", store::Durability::process_crash, {}}, clock, log);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    devices = std::make_unique<Devices>(*store, clock, log);
  }
  Record reading(const std::string& device, const std::string& schema = "plug/power", const std::string& data = "{}") {
    Record record;
    record.id = ids.next();
    record.device = device;
    record.schema = schema;
    record.time = clock.wall_time();
    record.data = data;
    return record;
  }
  Record presence(const std::string& device, bool online) {
    Record record =
        reading(device, "plug/lwt", online ? R"({"device":"x","online":true})" : R"({"device":"x","online":false})");
    record.kind = RecordKind::presence;
    return record;
  }
  store::Batch take(std::vector<Record> records) {
    store::Batch batch;
    batch.records = std::move(records);
    devices->prepare(batch);
    EXPECT_TRUE(store->append(batch));
    devices->note(batch.records);
    return batch;
  }
  std::optional<bool> stored(const std::string& name) {
    const auto all = store->devices();
    for (const store::KnownDevice& each : *all)
      if (each.name == name) return each.online;
    ADD_FAILURE() << name << " is not stored";
    return {};
  }

  stage::TempFolder folder;
  stage::FakeClock clock;
  stage::RecordingLog log;
  RecordIds ids{clock};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Devices> devices;
};

TEST_F(DevicesTest, WhoHasBeenHeardIsKnownWithItsLastWords) {
  EXPECT_FALSE(devices->known("plug/a"));
  take({reading("plug/a", "plug/power", "{\"n\":1}"), reading("plug/a", "plug/state", "{\"n\":2}")});
  clock.advance(1min);
  take({reading("plug/a", "plug/power", "{\"n\":3}")});
  ASSERT_TRUE(devices->known("plug/a"));
  const DeviceState device = *devices->find("plug/a");
  EXPECT_EQ(device.presence, Presence::unknown);
  EXPECT_EQ(device.heard_at, clock.wall_time());
  ASSERT_EQ(device.records.size(), 2u);
  EXPECT_EQ(device.records[0].data, "{\"n\":3}");
  EXPECT_EQ(device.records[1].data, "{\"n\":2}");
  EXPECT_FALSE(devices->find("plug/b"));
}

TEST_F(DevicesTest, WhatNoDeviceSaidMakesNone) {
  Record notice = reading("sluice/home-pi"), outcome = reading("plug/a");
  notice.kind = RecordKind::notice;
  outcome.kind = RecordKind::outcome;
  EXPECT_TRUE(take({notice, outcome}).devices.empty());
  EXPECT_TRUE(devices->all().empty());
}

TEST_F(DevicesTest, OnlyWhatChangesIsStored) {
  EXPECT_EQ(take({reading("plug/a"), reading("plug/a")}).devices.size(), 1u);
  EXPECT_TRUE(take({reading("plug/a")}).devices.empty());
  EXPECT_EQ(take({presence("plug/a", true)}).devices.size(), 1u);
  EXPECT_TRUE(take({presence("plug/a", true)}).devices.empty());
  EXPECT_EQ(stored("plug/a"), true);
  EXPECT_EQ(take({reading("plug/b"), presence("plug/b", false)}).devices.size(), 1u);
  EXPECT_EQ(stored("plug/b"), false);
}

TEST_F(DevicesTest, TheLastPresenceOfABatchCounts) {
  take({presence("plug/a", true)});
  take({presence("plug/a", false), presence("plug/a", true)});
  EXPECT_EQ(devices->presence("plug/a"), Presence::online);
  EXPECT_EQ(stored("plug/a"), true);
  take({presence("plug/a", true), presence("plug/a", false)});
  EXPECT_EQ(stored("plug/a"), false);
  take({presence("plug/b", true), presence("plug/b", false), reading("plug/b")});
  EXPECT_EQ(stored("plug/b"), false);
  EXPECT_EQ(devices->presence("plug/b"), Presence::offline);
}

TEST_F(DevicesTest, PresenceOutlivesARestartAsWhatWasLastKnown) {
  take({presence("plug/a", true), presence("plug/b", false), reading("plug/c")});
  const Timestamp then = clock.wall_time();
  clock.advance(1h);
  open();
  EXPECT_EQ(devices->presence("plug/a"), Presence::unknown);
  EXPECT_EQ(devices->presence("plug/b"), Presence::was_offline);
  EXPECT_EQ(devices->presence("plug/c"), Presence::unknown);
  EXPECT_EQ(devices->find("plug/a")->last_known, true);
  EXPECT_EQ(devices->find("plug/b")->last_known, false);
  EXPECT_EQ(devices->find("plug/c")->last_known, std::nullopt);
  EXPECT_EQ(devices->find("plug/a")->since, then);
  EXPECT_EQ(devices->find("plug/a")->heard_at, std::nullopt);
  take({presence("plug/b", false)});
  EXPECT_EQ(devices->presence("plug/b"), Presence::offline);
  EXPECT_EQ(devices->find("plug/b")->since, clock.wall_time());
}

TEST_F(DevicesTest, PresenceOnAnotherConnectionIsHandedBackToBeStored) {
  const std::vector<Record> heard = {presence("plug/a", false), reading("plug/b")};
  const auto changed = devices->note_presence(heard);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].name, "plug/a");
  EXPECT_EQ(changed[0].online, false);
  EXPECT_TRUE(devices->note_presence(heard).empty());
  EXPECT_FALSE(devices->known("plug/b")) << "nothing else of it counts";
}

TEST_F(DevicesTest, ItIsToldWhenADeviceComesOnline) {
  int told = 0;
  devices->on_online([&] {
    ++told;
    EXPECT_TRUE(devices->known("plug/a")) << "it may ask";
  });
  take({reading("plug/a"), presence("plug/a", false)});
  EXPECT_EQ(told, 0);
  take({presence("plug/a", true)});
  EXPECT_EQ(told, 1);
  devices->note_presence(std::vector{presence("plug/a", false)});
  EXPECT_EQ(told, 1);
  devices->note_presence(std::vector{presence("plug/a", true)});
  EXPECT_EQ(told, 2);
}

TEST_F(DevicesTest, NoMoreThanSoManyAreKept) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < Devices::devices_max; ++i) records.push_back(reading("plug/" + std::to_string(i)));
  take({records[0]});
  clock.advance(1s);
  take(std::move(records));  // the first one is heard again
  clock.advance(1s);
  take({reading("plug/0")});
  take({reading("plug/new")});
  EXPECT_LE(devices->all().size(), Devices::devices_max);
  EXPECT_GE(devices->all().size(), Devices::devices_max * 9 / 10) << "some go at once";
  EXPECT_TRUE(devices->known("plug/0")) << "heard a moment ago";
  EXPECT_TRUE(devices->known("plug/new"));
  take({reading("plug/0")});
  EXPECT_EQ(store->devices()->size(), devices->all().size()) << "the store lets them go with the next batch";
}

TEST_F(DevicesTest, OneThatMadeRoomAndIsHeardAgainAtOnceIsStored) {
  std::vector<Record> records;
  for (std::size_t i = 1; i < Devices::devices_max; ++i) records.push_back(reading("plug/" + std::to_string(i)));
  take({reading("plug/first")});
  clock.advance(1s);
  take(std::move(records));
  take({reading("plug/new")});
  ASSERT_FALSE(devices->known("plug/first"));
  take({reading("plug/first")});
  EXPECT_TRUE(devices->known("plug/first"));
  stored("plug/first");
}

TEST_F(DevicesTest, ABatchThatCouldNotBeStoredForgetsNobodyToLetGo) {
  std::vector<Record> records;
  for (std::size_t i = 0; i < Devices::devices_max; ++i) records.push_back(reading("plug/" + std::to_string(i)));
  take(std::move(records));
  clock.advance(1s);
  take({reading("plug/new")});
  store::Batch lost;
  lost.records.push_back(reading("plug/new"));
  devices->prepare(lost);
  EXPECT_GE(lost.gone_devices.size(), 1u);
  take({reading("plug/new")});
  EXPECT_EQ(store->devices()->size(), devices->all().size());
}

TEST_F(DevicesTest, ADeviceKeepsOnlySoManyKindsOfRecords) {
  for (std::size_t i = 0; i < Devices::schemas_max + 3; ++i) take({reading("plug/a", "plug/" + std::to_string(i))});
  EXPECT_EQ(devices->find("plug/a")->records.size(), Devices::schemas_max);
}

TEST_F(DevicesTest, AllRecordsTogetherAreBounded) {
  const std::string large = "{\"x\":\"" + std::string(1 << 20, 'x') + "\"}";
  std::vector<Record> records;
  for (int i = 0; i < 20; ++i) records.push_back(reading("plug/" + std::to_string(i), "plug/power", large));
  devices->note(records);
  std::size_t bytes = 0;
  for (const DeviceState& each : devices->all()) {
    const std::optional<DeviceState> device = devices->find(each.name);
    for (const DeviceState::Last& last : device->records) bytes += last.data.size();
  }
  EXPECT_LE(bytes, Devices::bytes_max);
  EXPECT_GT(bytes, Devices::bytes_max / 2);
  devices->note(std::vector{reading("plug/0", "plug/power", "{}")});
  devices->note(std::vector{reading("plug/19", "plug/power", large)});
  EXPECT_EQ(devices->find("plug/19")->records.size(), 1u) << "what became smaller made room";
}

}  // namespace
}  // namespace sluice::flow
