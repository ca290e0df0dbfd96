// The nth call that SQLite makes to the disk fails, for n = 1, 2, 3 … until a life passes without a fault.
#include <gtest/gtest.h>

#include "tests/faults/cuts.h"
#include "tests/faults/life.h"
#include "tests/stage/experiment.h"

namespace sluice::store {
namespace {

using Fault = FaultyDisk::Fault;
using Lasting = FaultyDisk::Lasting;
using Play = void (*)(Life&);

struct NthFailure : testing::Test {
  /// Each call fails in turn, once and for good.
  void fail_each(Fault fault, const Files& begin, const Promised& sure, Play play);
  /// False if nothing failed: there are fewer calls.
  bool fail(int nth, Fault fault, Lasting lasting, const Files& begin, const Promised& sure, Play play);
  void expect_an_error_of_the_disk(const Stage& stage, const Life& life);
  void expect_all_is_there(Stage& stage, const Life& life);
  void note(const char* what);

  std::uint64_t failures = 0, errors = 0;
};

void NthFailure::expect_an_error_of_the_disk(const Stage& stage, const Life& life) {
  const Error& error = life.failures.back();
  EXPECT_EQ(error.kind, ErrorKind::storage) << error.message;
  EXPECT_NE(error.message.find(stage.file().string()), std::string::npos) << error.message;
  EXPECT_EQ(error.message.find("damaged"), std::string::npos) << error.message;
}

void NthFailure::expect_all_is_there(Stage& stage, const Life& life) {
  stage.options.vfs.clear();
  ASSERT_TRUE(stage.open());
  std::string wrong = life.sure.differs(*stage.store);
  for (const Promised& perhaps : life.perhaps)
    if (!wrong.empty() && perhaps.differs(*stage.store).empty()) wrong.clear();
  ASSERT_EQ(wrong, "");
  ASSERT_TRUE(stage.store->append(stage.batch(1)));
  for (const std::string& line : stage.log.lines()) ASSERT_EQ(line.find("damaged"), std::string::npos) << line;
}

bool NthFailure::fail(int nth, Fault fault, Lasting lasting, const Files& begin, const Promised& sure, Play play) {
  FaultyDisk disk;
  Stage stage(stage::memory_disk());
  stage.options.vfs = disk.name();
  lay_out(stage.options.data_dir, begin);
  Life life(stage);
  life.sure = sure;
  bool cannot_write = false;
  life.after_call = [&](bool worked) {
    cannot_write = cannot_write || (!worked && fault != Fault::io_error && lasting == Lasting::for_good);
    if (cannot_write && stage.store != nullptr) {
      EXPECT_NE(stage.store->last_error(), "") << "it is told until it works";
    }
    if (worked) return;
    expect_an_error_of_the_disk(stage, life);
    // What failed has left nothing: seen at once, where the disk works again.
    if (lasting == Lasting::once && stage.store != nullptr) {
      EXPECT_EQ(life.sure.differs(*stage.store), "");
    }
  };
  disk.break_down_at(nth, fault, lasting);
  play(life);
  stage.store.reset();
  disk.mend();
  SCOPED_TRACE("call " + std::to_string(nth) + " failed, of kind " +
               std::to_string(static_cast<int>(disk.struck_at())) +
               (lasting == Lasting::once ? ", once" : ", and all after it"));
  expect_all_is_there(stage, life);
  EXPECT_TRUE(disk.struck() || life.failures.empty());
  // One fault is one error. But who opened a file while it could only be read goes on so, until it is opened anew.
  if (lasting == Lasting::once && fault != Fault::read_only) {
    EXPECT_LE(life.failures.size(), 1u) << life.failures.back().message;
  }
  failures += disk.struck() ? 1 : 0;
  errors += life.failures.size();
  return disk.struck() && !HasFailure();
}

void NthFailure::fail_each(Fault fault, const Files& begin, const Promised& sure, Play play) {
  for (const Lasting lasting : {Lasting::once, Lasting::for_good})
    for (int nth = 1; fail(nth, fault, lasting, begin, sure, play); ++nth) {
    }
}

void NthFailure::note(const char* what) {
  if (HasFailure()) return;
  stage::note_figures(what, "P1 P2 P3 P4 P6", 0,
                      {{"failures", failures}, {"calls that answered an error", errors}, {"lost", 0}});
}

/// A store that knows its clouds, closed.
struct Closed {
  Closed() : stage(stage::memory_disk()), life(stage) {
    SLUICE_ASSERT(life.open() && life.keep_clouds({"a", "b"}));
    life.close();
    files = files_in(stage.options.data_dir);
  }
  Stage stage;
  Life life;
  Files files;
};

void whole_day(Life& life) {
  life.day(static_cast<std::size_t>(stage::rounds(5, 400)));
  if (stage::long_run()) life.next_day();
}

struct OfALife : NthFailure, testing::WithParamInterface<Fault> {};

TEST_P(OfALife, is_an_error_and_loses_nothing) {
  const Closed begin;
  fail_each(GetParam(), begin.files, begin.life.sure, whole_day);
  note(GetParam() == Fault::io_error ? "nth call to the disk fails: I/O error"
       : GetParam() == Fault::full   ? "nth call to the disk fails: disk full"
                                     : "nth call to the disk fails: read-only file system");
}

std::string name_of(const testing::TestParamInfo<Fault>& info) {
  return info.param == Fault::io_error ? "io_error" : info.param == Fault::full ? "disk_full" : "read_only";
}
INSTANTIATE_TEST_SUITE_P(NthFailure, OfALife, testing::Values(Fault::io_error, Fault::full, Fault::read_only), name_of);

TEST_F(NthFailure, of_a_first_start_is_an_error_and_the_next_start_works) {
  for (const Fault fault : {Fault::io_error, Fault::full, Fault::read_only}) {
    if (fault != Fault::io_error && !stage::long_run()) continue;
    fail_each(fault, {}, {}, [](Life& life) {
      if (!life.open()) return;
      life.keep_clouds({"a"});
      life.append(life.messages(1));
      life.close();
    });
  }
  note("nth call to the disk fails: at the first start");
}

}  // namespace
}  // namespace sluice::store
