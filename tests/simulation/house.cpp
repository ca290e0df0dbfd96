#include "tests/simulation/house.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "tests/flow/road_down.h"

namespace sluice::simulation {

namespace {

constexpr const char* probe_schema = R"(
family: probe
messages:
  - name: count
    topic: probe/{device}/count
    format: json
    readings:
      number: { at: /n, type: integer, required: true }
      text: /s
  - name: many
    topic: probe/{device}/many
    format: json
    each: /items
    readings: { item: /i }
  - name: state
    topic: probe/{device}/state
    format: text
    readings: { state: { at: value, map: { "ON": true, "OFF": false } } }
)";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

std::shared_ptr<const normalize::Library> read(const std::filesystem::path& folder, const std::string& probe) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "probe.yaml") << probe;
  std::ofstream(folder / "plug.yaml") << flow::plug_schema;
  normalize::Problems problems;
  auto library = normalize::Library::load({folder, {}, {}}, problems);
  EXPECT_TRUE(library) << problems.text();
  return library;
}

}  // namespace

const Schemas& schemas() {
  static const Schemas read_once = [] {
    const stage::TempFolder folder;
    const std::string lenient = replaced(replaced(probe_schema, ", type: integer, required: true", ""),
                                         R"("OFF": false })", R"("OFF": false, BROKEN: false })");
    return Schemas{read(folder / "strict", probe_schema), read(folder / "lenient", lenient)};
  }();
  return read_once;
}

flow::Only only_of(const std::string& cloud) {
  flow::Only only;
  if (cloud == "green") only.devices = {"probe/*"};
  return only;
}

flow::Replay::Reading House::reading() const {
  return {config_.lenient ? schemas().lenient : schemas().strict, {config_.unmatched, "UTC"}};
}

std::unique_ptr<normalize::Normalizer> House::normalizer() const {
  return std::make_unique<normalize::Normalizer>(reading().library, reading().options);
}

std::shared_ptr<flow::Rulebook> House::rulebook() const {
  const std::vector<std::string> from(config_.may_command.begin(), config_.may_command.end());
  return std::make_shared<flow::Rulebook>(flow::Rulebook::Options{.timezone = "UTC"},
                                          flow::Permission({{from, "plug/*", {"*"}, {}}}), schemas().strict, *devices,
                                          clock_);
}

Result<> House::open(const std::filesystem::path& data_dir, unsigned seed) {
  auto opened = store::Store::open({data_dir, store::Durability::process_crash, config_.limits}, clock_, log_);
  if (!opened) return opened.error();
  store = std::move(*opened);
  ids_ = std::make_unique<RecordIds>(clock_);
  devices = std::make_unique<flow::Devices>(*store, clock_, log_);
  ingest = std::make_unique<flow::Ingest>(flow::Ingest::Options{"home-pi", config_.ignore_retained}, normalizer(),
                                          *store, *devices, *ids_, clock_, log_);
  replay = std::make_unique<flow::Replay>([this] { return reading(); }, *store, *ids_, clock_, log_);
  dispatch = std::make_unique<flow::Dispatch>(flow::Dispatch::Options{.gateway_id = "home-pi", .waiting_max = 25},
                                              rulebook(), *devices, *store, sink_, *ids_, clock_, log_);
  if (auto done = dispatch->recover(); !done) return done;
  return keep_clouds(seed);
}

void House::end() {
  ways.clear();
  dispatch.reset();
  replay.reset();
  ingest.reset();
  devices.reset();
  store.reset();
}

Result<> House::keep_clouds(unsigned seed) {
  std::vector<std::string> names = config_.clouds;
  names.push_back(audit);
  if (auto done = store->keep_clouds(names); !done) return done.error();
  std::erase_if(ways, [&](const auto& way) { return std::ranges::find(names, way.first) == names.end(); });
  for (const std::string& name : config_.clouds) {
    if (ways.contains(name)) continue;
    flow::Delivery::Options options{.cloud = name, .type = "simulated", .only = only_of(name)};
    options.count_max = 20;
    options.seed = seed;
    Cloud& cloud = clouds_[name];
    ways[name] = {std::make_unique<flow::Delivery>(std::move(options), *store, cloud, clock_, log_),
                  std::make_unique<flow::Answers>(name, *store, cloud, clock_, log_, seed)};
  }
  return {};
}

}  // namespace sluice::simulation
