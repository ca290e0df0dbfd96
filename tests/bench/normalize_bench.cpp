// How long a message takes from its bytes to the stored text of its events, with the schemas that ship.
#include <optional>
#include <stdexcept>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/normalize/plan.h"
#include "gateway/normalize/schema.h"
#include "gateway/normalize/topic_tree.h"
#include "tests/stage/fake_clock.h"

namespace sluice {
namespace {

/// All families that ship, or one alone.
std::shared_ptr<const normalize::Library> shipped(const std::string& family = "") {
  normalize::Problems problems;
  std::optional<std::vector<normalize::FamilyUse>> use;
  if (!family.empty()) use = {{family, {}, {}}};
  auto library = normalize::Library::load({SLUICE_SOURCE_DIR "/schemas", {}, use}, problems);
  if (library == nullptr) throw std::runtime_error(problems.text());
  return library;
}

Message message(const std::string& topic, const std::string& payload) {
  Message message;
  message.topic = topic;
  message.payload = payload;
  message.payload_size = payload.size();
  message.received_at = stage::FakeClock().wall_time();
  return message;
}

const std::string sensor =
    R"({"Time":"2026-03-01T10:00:00","DS18B20":{"Id":"01131B123456","Temperature":21.5},"AM2301":{"Temperature":20.1,)"
    R"("Humidity":54.3,"DewPoint":10.6},"ENERGY":{"Total":12.345,"Yesterday":0.5,"Today":0.2,"Power":42,"Voltage":231,)"
    R"("Current":0.182},"TempUnit":"C"})";

const std::string climate =
    R"({"battery":97,"humidity":54.31,"linkquality":120,"pressure":1012.4,"temperature":21.48,"voltage":3005,)"
    R"("power_outage_count":3,"update":{"state":"idle","installed_version":16777241,"latest_version":16777241}})";

const std::string meter =
    "<msg><src>CC128-v1.44</src><dsb>00079</dsb><time>09:46:00</time><tmpr>21.5</tmpr><sensor>2</sensor><id>03277</"
    "id><type>1</type>"
    "<ch1><watts>00345</watts></ch1></msg>";

void normalise(benchmark::State& state, const std::string& topic, const std::string& payload,
               const std::string& family = "") {
  normalize::Normalizer normalizer(shipped(family), {normalize::Unmatched::ignore, "Europe/Berlin"});
  const Message one = message(topic, payload);
  std::vector<Record> records;
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    records.clear();
    const normalize::Fate fate = normalizer.normalize(one, records);
    if (fate.kind != normalize::Fate::Kind::understood) {
      state.SkipWithError(fate.reason.c_str());
      break;
    }
    benchmark::DoNotOptimize(records.data());
  }
  for (const Record& record : records) bytes += record.data.size();
  state.counters["payload_bytes"] = static_cast<double>(payload.size());
  state.counters["event_bytes"] = static_cast<double>(bytes);
}

BENCHMARK_CAPTURE(normalise, tasmota_sensor, "tele/kitchen/SENSOR", sensor);
BENCHMARK_CAPTURE(normalise, tasmota_sensor_with_tasmota_alone, "tele/kitchen/SENSOR", sensor, "tasmota");
BENCHMARK_CAPTURE(normalise, zigbee2mqtt_climate, "zigbee2mqtt/living room", climate);
BENCHMARK_CAPTURE(normalise, currentcost_meter, "currentcost/xml", meter);
BENCHMARK_CAPTURE(normalise, tasmota_lwt, "tele/kitchen/LWT", "Online");
BENCHMARK_CAPTURE(normalise, button, "SunFounder MQTT Test", "button 3 is pressed");

/// The ceiling: what it costs to build nothing but a tree of the same message.
void nlohmann_dom_of_tasmota_sensor(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(nlohmann::json::parse(sensor));
}
BENCHMARK(nlohmann_dom_of_tasmota_sensor);

/// Topics of all examples in turn, looked up among the messages of all families.
void match_topic(benchmark::State& state) {
  const auto library = shipped();
  std::vector<std::string> topics;
  for (const normalize::Family& family : library->families())
    for (const normalize::MessageSchema& schema : family.messages)
      for (const normalize::Example& example : schema.examples) topics.push_back(example.topic);
  const std::size_t messages = library->plan().messages.size();
  std::vector<std::string_view> levels;
  std::vector<std::uint32_t> targets;
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    normalize::split_levels(topics[next++ % topics.size()], levels);
    library->plan().topics.find(levels, targets);
    benchmark::DoNotOptimize(targets.data());
  }
  state.counters["messages"] = static_cast<double>(messages);
}
BENCHMARK(match_topic);

void finds_nobody(benchmark::State& state) {
  normalize::Normalizer normalizer(shipped(), {});
  const Message one = message("home/office/printer/status", "x");
  std::vector<Record> records;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(normalizer.normalize(one, records));
}
BENCHMARK(finds_nobody);

/// Among 300 messages of 30 families, which have parts of levels and several levels in their topics.
void finds_a_topic(benchmark::State& state, const std::string& topic) {
  normalize::TopicTree tree;
  normalize::Problems problems;
  std::uint32_t target = 0;
  for (int family = 0; family < 30; ++family) {
    const std::string part = std::to_string(family);
    for (const std::string& text :
         {"f" + part + "/{device}/SENSOR", "f" + part + "/{device...}", "{device..3}/sensor/{id}/f" + part,
          "{device}/status/switch" + part + ":{n}", "{device}/status/{n}_power" + part,
          "{device}/status/s" + part + "{n}v", "{device}/f" + part + "_{n}", "{base}/f" + part + "/{device}/x",
          "{device..2}/f" + part + "/y", "f" + part})
      for (const normalize::TopicPattern& pattern : normalize::TopicPattern::parse({text, {}}, false, problems))
        tree.add(pattern, target++);
  }
  std::vector<std::string_view> levels;
  std::vector<std::uint32_t> targets;
  for ([[maybe_unused]] auto _ : state) {
    normalize::split_levels(topic, levels);
    tree.find(levels, targets);
    benchmark::DoNotOptimize(targets.data());
  }
  state.counters["found"] = static_cast<double>(targets.size());
}
BENCHMARK_CAPTURE(finds_a_topic, literal, "f17/kitchen/SENSOR");
BENCHMARK_CAPTURE(finds_a_topic, part_of_a_level, "shelly-plug/status/switch17:0");
BENCHMARK_CAPTURE(finds_a_topic, several_levels, "house/kitchen/board/sensor/t1/f17");
BENCHMARK_CAPTURE(finds_a_topic, nothing, "home/office/printer/status");

void load_library(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(shipped());
}
BENCHMARK(load_library)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice
