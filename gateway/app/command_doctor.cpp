#include <iostream>

#include <nlohmann/json.hpp>

#include "gateway/app/commands.h"
#include "gateway/app/doctor.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paths.h"
#include "gateway/app/running_gateway.h"

namespace sluice::app {

namespace {

using nlohmann::json;

/// The report says it all.
class Silence final : public Log {
 public:
  void write(LogLevel, std::string_view, std::string_view) override {}
};

/// The status of the gateway that runs with this configuration; null if none does.
json running(const Config& config) {
  const auto body = running_status(config);
  if (!body) return nullptr;
  json status = json::parse(*body, nullptr, false);
  const bool ours =
      status.is_object() && status.contains("gateway") && status["gateway"].value("id", "") == config.gateway_id;
  return ours ? status : json(nullptr);
}

std::optional<Word> word_of_broker(const json& status) {
  if (status.is_null()) return std::nullopt;
  const json& broker = status["local_broker"];
  const bool up = broker.value("connected", false);
  return Word{up, (up ? "connected since " : "not connected since ") + broker.value("since", "") +
                      (broker.contains("last_error") ? ": " + broker["last_error"].get<std::string>() : "")};
}

std::optional<Word> word_of_cloud(const json& status, const std::string& name) {
  if (status.is_null()) return std::nullopt;
  for (const json& cloud : status["clouds"]) {
    if (cloud.value("name", "") != name) continue;
    const std::string state = cloud.value("state", "");
    const bool up = state == "up";
    return Word{up, state + " since " + cloud.value("since", "") +
                        (!up && cloud["last_error"].is_object() ? ": " + cloud["last_error"].value("text", "") : "")};
  }
  return std::nullopt;
}

/// What `subscribe: auto` comes to.
Result<> fill_in_filters(Config& config) {
  if (!config.subscribe_auto) return {};
  normalize::Problems problems;
  config.schemas.shipped = shipped_schemas();
  const auto library = normalize::Library::load(config.schemas, problems);
  if (!library) return config_error(problems.text());
  config.local_broker.filters =
      config.unmatched == normalize::Unmatched::ignore ? library->filters() : std::vector<std::string>{"#"};
  return {};
}

}  // namespace

int doctor(const std::filesystem::path& config_file) {
  normalize::Problems problems;
  std::optional<Config> config = read_config(config_file, problems);
  if (!config) {
    std::cerr << problems.text();
    return exit_config;
  }
  if (const auto filled = fill_in_filters(*config); !filled) {
    std::cerr << filled.error().message;
    return exit_config;
  }
  std::cerr << config->warnings.text();
  const json status = running(*config);
  DoctorReport report;
  report.turn_to("gateway");
  if (status.is_null())
    report.not_tried("status", "no gateway runs with this configuration; its own client ids are used");
  else
    report.ok("status", "it runs; client ids of doctor's own are used");
  const SystemClock clock;
  if (!clock.synced())
    report.hint("clock", "this machine's clock is not synced: certificates and tokens may be refused");
  Silence log;
  examine_local_broker(*config, word_of_broker(status), report);
  for (const Cloud& cloud : config->clouds)
    examine_cloud(*config, cloud, word_of_cloud(status, cloud.name), clock, log, report);
  return report.failed() ? exit_unavailable : exit_ok;
}

}  // namespace sluice::app
