#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "gateway/flow/answers.h"
#include "gateway/flow/delivery.h"
#include "gateway/flow/dispatch.h"
#include "gateway/flow/ingest.h"
#include "gateway/flow/replay.h"

namespace sluice::simulation {

/// Read once for all seeds: what a strict schema quarantines, the lenient one understands.
struct Schemas {
  std::shared_ptr<const normalize::Library> strict, lenient;
};
const Schemas& schemas();

/// What a reload may change.
struct Config {
  store::Limits limits{};
  std::vector<std::string> clouds;  ///< "audit" aside
  bool lenient = false, ignore_retained = false;
  normalize::Unmatched unmatched = normalize::Unmatched::ignore;
  std::set<std::string> may_command;
};

/// A cloud, as the world plays it.
class Cloud final : public UplinkSink, public CommandSource {
 public:
  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token) override {
    return on_deliver(records);
  }
  void open(CommandAcceptor&) override {}
  Verdict answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token) override {
    return on_answer(reply_to, answer);
  }
  std::function<std::vector<Verdict>(std::span<const Record>)> on_deliver;
  std::function<Verdict(const std::string&, const CommandAnswer&)> on_answer;
};
using Clouds = std::map<std::string, Cloud>;

/// The real gateway without its threads and connectors, wired as gateway/app does it. One life of it.
class House {
 public:
  /// `audit`: the cloud that the world itself reads and settles.
  static constexpr const char* audit = "audit";

  /// What becomes of `config` is taken up when it is told below.
  House(const Config& config, const Clock& clock, Log& log, CommandSink& sink, Clouds& clouds)
      : config_(config), clock_(clock), log_(log), sink_(sink), clouds_(clouds) {}

  /// `seed`: of the dice that the gateway itself throws.
  Result<> open(const std::filesystem::path& data_dir, unsigned seed);
  void end();

  Result<> keep_clouds(unsigned seed);
  void change_reading() { ingest->change({"home-pi", config_.ignore_retained}, normalizer()); }
  void change_commanding() { dispatch->change(rulebook()); }
  std::unique_ptr<normalize::Normalizer> normalizer() const;

  struct Way {
    std::unique_ptr<flow::Delivery> delivery;
    std::unique_ptr<flow::Answers> answers;
    Instant rests_until{};
  };
  std::unique_ptr<store::Store> store;
  std::unique_ptr<flow::Devices> devices;
  std::unique_ptr<flow::Ingest> ingest;
  std::unique_ptr<flow::Replay> replay;
  std::unique_ptr<flow::Dispatch> dispatch;
  std::map<std::string, Way> ways;

 private:
  flow::Replay::Reading reading() const;
  std::shared_ptr<flow::Rulebook> rulebook() const;

  const Config& config_;
  const Clock& clock_;
  Log& log_;
  CommandSink& sink_;
  Clouds& clouds_;
  std::unique_ptr<RecordIds> ids_;
};

/// The one cloud that does not want everything.
flow::Only only_of(const std::string& cloud);

}  // namespace sluice::simulation
