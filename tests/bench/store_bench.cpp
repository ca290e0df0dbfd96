// What the store costs: appending by the batch, reading and settling, and the bytes each record costs the disk.
#include <cstdint>
#include <fstream>
#include <string>

#include <benchmark/benchmark.h>

#include "gateway/core/clock.h"
#include "gateway/core/record_id.h"
#include "gateway/store/store.h"
#include "tests/stage/recording_log.h"
#include "tests/stage/temp_folder.h"

namespace sluice::store {
namespace {

/// Bytes this process has sent to the disk so far (proc(5), /proc/PID/io).
std::int64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::int64_t value = 0;
  while (io >> name >> value)
    if (name == "write_bytes:") return value;
  return 0;
}

struct Subject {
  explicit Subject(Durability durability) : ids(clock) {
    store = std::move(
        *Store::open({.data_dir = folder / "data", .durability = durability, .limits = {}, .vfs = {}}, clock, log));
    SLUICE_ASSERT(store->keep_clouds({"cloud"}));
  }

  Batch batch(std::size_t count) {
    Batch made;
    for (std::size_t i = 0; i < count; ++i) {
      made.records.push_back({ids.next(), RecordKind::reading, "tasmota/kitchen", "tasmota/sensor", clock.wall_time(),
                              std::string(250, 'x')});
      made.receipts.push_back({static_cast<std::uint16_t>(i), i});
    }
    made.counts.received_qos1 = made.counts.understood = count;
    return made;
  }

  std::size_t deliver(std::size_t count) {
    const Page page = *store->read("cloud", {.count_max = count, .bytes_max = 1 << 30});
    std::vector<Store::Settlement> settlements;
    for (const std::int64_t position : page.positions) settlements.push_back({position, Settled::delivered});
    SLUICE_ASSERT(store->settle("cloud", settlements));
    return page.records.size();
  }

  stage::TempFolder folder;
  SystemClock clock;
  stage::RecordingLog log;
  RecordIds ids;
  std::unique_ptr<Store> store;
};

void append(benchmark::State& state, Durability durability) {
  Subject subject(durability);
  const auto count = static_cast<std::size_t>(state.range(0));
  const Batch batch = subject.batch(count);
  const std::int64_t before = bytes_written();
  for (auto _ : state) {
    SLUICE_ASSERT(subject.store->append(batch));
    state.PauseTiming();
    subject.deliver(count);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["disk_bytes_per_record"] = benchmark::Counter(
      static_cast<double>(bytes_written() - before) / static_cast<double>(state.iterations() * state.range(0)));
}

void append_power_cut(benchmark::State& state) {
  append(state, Durability::power_cut);
}
void append_process_crash(benchmark::State& state) {
  append(state, Durability::process_crash);
}
BENCHMARK(append_power_cut)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();
BENCHMARK(append_process_crash)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

void read(benchmark::State& state) {
  Subject subject(Durability::process_crash);
  for (int i = 0; i < 50; ++i) SLUICE_ASSERT(subject.store->append(subject.batch(1000)));
  const Store::ReadLimits limits{.count_max = static_cast<std::size_t>(state.range(0)), .bytes_max = 1 << 30};
  for (auto _ : state) benchmark::DoNotOptimize(subject.store->read("cloud", limits)->records.data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read)->Arg(1)->Arg(500);

void read_and_settle(benchmark::State& state) {
  Subject subject(Durability::process_crash);
  const auto count = static_cast<std::size_t>(state.range(0));
  const Batch batch = subject.batch(10'000);
  for (auto _ : state) {
    if (subject.deliver(count) == count) continue;
    state.PauseTiming();
    SLUICE_ASSERT(subject.store->append(batch));
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_and_settle)->Arg(1)->Arg(500);

void snapshot(benchmark::State& state) {
  Subject subject(Durability::process_crash);
  SLUICE_ASSERT(subject.store->append(subject.batch(1000)));
  for (auto _ : state) benchmark::DoNotOptimize(subject.store->snapshot().stored);
}
BENCHMARK(snapshot);

}  // namespace
}  // namespace sluice::store

BENCHMARK_MAIN();
