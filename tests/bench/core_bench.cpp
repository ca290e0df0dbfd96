#include <benchmark/benchmark.h>

#include "gateway/core/cloud_event.h"
#include "gateway/core/record_id.h"

namespace sluice {
namespace {

Record sensor_record() {
  static const SystemClock clock;
  static RecordIds ids(clock);
  Record record;
  record.id = ids.next();
  record.device = "tasmota/kitchen";
  record.schema = "tasmota/sensor";
  record.time = clock.wall_time();
  record.data = R"({"device":"tasmota/kitchen","schema":"tasmota/sensor","topic":"tele/kitchen/SENSOR",)"
                R"("received_at":"2026-03-01T09:00:00.123Z","time_from":"device","retained":false,"readings":)"
                R"({"am2301.temperature":{"value":21.5,"unit":"Cel"},"am2301.humidity":{"value":48.1,"unit":"%RH"}}})";
  return record;
}

/// From stored text to the body of a request, per record.
void encode_cloud_event(benchmark::State& state) {
  const Record record = sensor_record();
  std::string body;
  for (auto _ : state) {
    body.clear();
    append_cloud_event(body, record, "/sluice/home-pi");
    benchmark::DoNotOptimize(body.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(encode_cloud_event);

void give_an_id(benchmark::State& state) {
  const SystemClock clock;
  RecordIds ids(clock);
  for (auto _ : state) benchmark::DoNotOptimize(ids.next());
}
BENCHMARK(give_an_id);

}  // namespace
}  // namespace sluice
