// The way in, on a disk that fails: a message is there, or it was not acknowledged to the broker.
#include <algorithm>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "gateway/flow/ingest.h"
#include "tests/faults/cuts.h"
#include "tests/stage/experiment.h"
#include "tests/store/stage.h"

namespace sluice::flow {
namespace {

using store::CutDisk;
using store::Cuts;
using store::DiskChange;
using store::FaultyDisk;

constexpr const char* schema = R"(
family: plug
messages:
  - name: power
    topic: plug/{device}/power
    format: text
    readings:
      power: { at: value, unit: W, type: number }
)";

/// Read once: what is made of it anew costs nothing.
std::shared_ptr<const normalize::Library> library() {
  static const std::shared_ptr<const normalize::Library> read = [] {
    const stage::TempFolder folder(stage::memory_disk());
    std::ofstream(folder / "plug.yaml") << schema;
    normalize::Problems problems;
    auto loaded = normalize::Library::load({folder.path(), {}, {}}, problems);
    SLUICE_ASSERT(loaded);
    return loaded;
  }();
  return read;
}

/// The way in with a store behind it. The broker's messages are numbered; what each is follows from its number.
class WayIn {
 public:
  WayIn() : stage(stage::memory_disk()) {}

  Result<> open() {
    ingest.reset();
    devices.reset();
    stage.store.reset();
    if (auto opened = stage.open(); !opened) return opened;
    if (auto kept = stage.store->keep_clouds({"cloud"}); !kept) return kept.error();
    devices = std::make_unique<Devices>(*stage.store, stage.clock, stage.log);
    ingest =
        std::make_unique<Ingest>(Ingest::Options{"home-pi"},
                                 std::make_unique<normalize::Normalizer>(
                                     library(), normalize::Normalizer::Options{normalize::Unmatched::ignore, "UTC"}),
                                 *stage.store, *devices, stage.ids, stage.clock, stage.log);
    return {};
  }

  /// Of seven one is broken, and one nobody wants.
  static bool ignored(int number) { return number % 7 == 6; }
  Result<> accept(int from, int to, bool resent = false) {
    std::vector<Message> messages;
    for (int number = from; number < to; ++number) {
      Message& message = messages.emplace_back();
      message.topic = (ignored(number) ? "other/" : "plug/") + std::to_string(number) + "/power";
      message.payload = number % 7 == 5 ? "broken" : std::to_string(number);
      message.payload_size = message.payload.size();
      message.qos = 1;
      message.packet_id = static_cast<std::uint16_t>(number + 1);
      message.resent = resent;
      message.received_at = stage.clock.wall_time();
    }
    return ingest->accept(messages);
  }

  /// How often each message is there, as a record or in quarantine.
  std::map<int, int> there() {
    std::map<int, int> count;
    const auto page = stage.store->read("cloud", {.count_max = 1'000'000, .bytes_max = std::int64_t{1} << 40});
    for (const Record& record : page->records) count[std::stoi(record.device.substr(5))] += 1;
    const auto aside = stage.store->quarantine({}, {.count_max = 1'000'000});
    for (const store::QuarantineEntry& entry : aside->entries) count[std::stoi(entry.what.topic.substr(5))] += 1;
    return count;
  }

  store::Stage stage;
  std::unique_ptr<Devices> devices;
  std::unique_ptr<Ingest> ingest;
};

/// Empty if each of the first `count` messages that somebody wants is there once, and no other.
std::string differs(std::map<int, int> there, int count) {
  for (int number = 0; number < count; ++number) {
    if (WayIn::ignored(number)) continue;
    if (there[number] != 1)
      return "message " + std::to_string(number) + " is there " + std::to_string(there[number]) + " times";
    there.erase(number);
  }
  std::erase_if(there, [](const auto& each) { return each.second == 0; });
  return there.empty() ? "" : "message " + std::to_string(there.begin()->first) + " is there, too";
}

struct Acknowledged : testing::Test {
  void TearDown() override {
    if (HasFailure()) std::cerr << "again with SLUICE_SEED=" << seed << "\n";
  }
  void check(const Cuts::Cut& cut);
  void live(WayIn& way, int batches);
  /// Until then the broker was told that all is stored, and what was under way meanwhile.
  struct Mark {
    std::size_t changes = 0;
    int acknowledged = 0;
  };
  std::size_t mark_at(std::size_t change) const {
    std::size_t i = marks.size();
    while (i > 1 && marks[i - 1].changes > change) --i;
    return i - 1;
  }

  const unsigned seed = stage::experiment_seed();
  std::mt19937 random{seed};
  std::vector<DiskChange> changes;
  std::vector<Mark> marks{{}};
  std::uint64_t states = 0, told_twice = 0;
};

void Acknowledged::live(WayIn& way, int batches) {
  ASSERT_TRUE(way.open());
  for (int i = 0; i < batches; ++i) {
    const int from = marks.back().acknowledged;
    const int to = from + 1 + static_cast<int>(random() % 9);
    marks.push_back({changes.size(), from});
    ASSERT_TRUE(way.accept(from, to));
    marks.push_back({changes.size(), to});
  }
}

void Acknowledged::check(const Cuts::Cut& cut) {
  SCOPED_TRACE("cut before change " + std::to_string(cut.at) + ", " + CutDisk::name_of(cut.way));
  const std::size_t mark = mark_at(cut.at);
  const int acknowledged = marks[mark].acknowledged;
  const int sent = marks[std::min(mark + 1, marks.size() - 1)].acknowledged;
  WayIn after;
  store::lay_out(after.stage.options.data_dir, cut.files);
  const auto opened = after.open();
  ASSERT_TRUE(opened) << opened.error().message;
  for (const std::string& line : after.stage.log.lines()) ASSERT_EQ(line.find("damaged"), std::string::npos) << line;
  const auto there = after.there();
  ASSERT_TRUE(differs(there, acknowledged).empty() || differs(there, sent).empty()) << differs(there, acknowledged);

  // The broker sends again whatever it has not heard of, and that may be what it was just told.
  const int heard = mark >= 2 ? marks[mark - 2].acknowledged : 0;
  ASSERT_TRUE(after.accept(heard, sent, true));
  ASSERT_EQ(differs(after.there(), sent), "");
  const auto counts = after.stage.store->snapshot();
  ASSERT_EQ(store::broken_equation(counts), "");
  told_twice += counts.messages.redelivered;
  ++states;
}

TEST_F(Acknowledged, after_a_power_cut_each_message_is_there_once_or_was_not_acknowledged) {
  FaultyDisk disk;
  disk.record(&changes);
  {
    WayIn way;
    way.stage.options.vfs = disk.name();
    live(way, stage::rounds(4, 30));
    if (HasFatalFailure()) return;
    way.stage.store.reset();
    live(way, stage::rounds(1, 15));
    if (HasFatalFailure()) return;
  }
  Cuts cuts({{"sluice.db", ""}}, changes, random());
  cuts.try_all(
      stage::rounds(1, 4), [&](std::size_t at) { return mark_at(at); },
      [&](const Cuts::Cut& cut) { return check(cut), !HasFatalFailure(); });
  EXPECT_GT(told_twice, 0u);
  if (HasFailure()) return;
  stage::note_figures("power cut on the way in", "P1 P2 P3", seed,
                      {{"operations", changes.size()},
                       {"cuts", cuts.cuts()},
                       {"states of the disk", states},
                       {"recognised redeliveries", told_twice},
                       {"lost", 0},
                       {"stored twice", 0},
                       {"damaged", 0}});
}

// From its nth write on a batch meets a full disk; then there is room again.
TEST_F(Acknowledged, a_full_disk_is_told_and_nothing_is_acknowledged_until_there_is_room) {
  std::uint64_t refused = 0;
  for (int nth = 1;; ++nth) {
    FaultyDisk disk;
    WayIn way;
    way.stage.options.vfs = disk.name();
    ASSERT_TRUE(way.open());
    ASSERT_TRUE(way.accept(0, 9));
    disk.break_down_at(nth, FaultyDisk::Fault::full, FaultyDisk::Lasting::for_good);
    const auto done = way.accept(9, 40);
    const bool struck = disk.struck();
    ASSERT_EQ(done.has_value(), !struck);
    if (struck) {
      EXPECT_EQ(done.error().kind, ErrorKind::storage);
      EXPECT_FALSE(way.ingest->accepting());
      EXPECT_FALSE(way.ingest->ready());
      EXPECT_FALSE(way.accept(9, 10, true));
      EXPECT_NE(way.stage.store->last_error(), "");
      EXPECT_TRUE(way.stage.log.contains("writing failed"));
      EXPECT_EQ(differs(way.there(), 9), "");
      disk.mend();
      ASSERT_TRUE(way.ingest->ready());
      EXPECT_TRUE(way.ingest->accepting());
      EXPECT_EQ(way.stage.store->last_error(), "");
      ASSERT_TRUE(way.accept(0, 40, true));
      ++refused;
    }
    disk.mend();
    EXPECT_EQ(differs(way.there(), 40), "") << "after call " << nth;
    ASSERT_TRUE(way.open());
    EXPECT_EQ(differs(way.there(), 40), "") << "after call " << nth;
    way.ingest.reset();
    way.stage.store.reset();
    if (!struck || HasFailure()) break;
  }
  EXPECT_GT(refused, 0u);
  stage::note_figures("a disk that is full for a while, on the way in", "P1 P2 P3", 0,
                      {{"times", refused}, {"lost", 0}, {"stored twice", 0}});
}

}  // namespace
}  // namespace sluice::flow
