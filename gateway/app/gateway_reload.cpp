// How a running gateway takes up another configuration: everything is read, checked and made first; then the disk is
// asked, which may refuse; from there on nothing can fail.
#include <algorithm>
#include <utility>

#include "gateway/app/gateway.h"
#include "gateway/app/kept_filters.h"

namespace sluice::app {

namespace {

constexpr Duration former_clouds_wait = std::chrono::seconds(3);  ///< then they end by themselves, behind the back

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

struct Gateway::Prepared {
  std::vector<Clouds::Part> parts;
  std::vector<std::string> again;                                   ///< clouds that are paused
  std::optional<local_broker::Line> telemetry_line, commands_line;  ///< where the connections are made anew
  std::vector<std::string> former_filters;
};

Reloaded Gateway::reload() {
  notify_.reloading();
  Reloaded reloaded = take_up();
  tell(reloaded);
  notify_.ready();
  return reloaded;
}

Reloaded Gateway::take_up() {
  Reloaded reloaded;
  std::optional<Setup> next = read_setup(setup_->config.file, reloaded.problems);
  if (!next) return reloaded;
  refuse_what_needs_a_restart(setup_->config, next->config, reloaded.problems);
  const Difference changes = difference(*setup_, *next);
  std::optional<Prepared> prepared = prepare(*next, changes, reloaded.problems);
  if (!prepared) return reloaded;
  if (const auto kept = keep(*next, changes, *prepared); !kept) {
    reloaded.failure = kept.error().message;
    return reloaded;
  }
  if (!changes.schemas) next->library = setup_->library;  // and not the same a second time in memory
  reloaded.changes = changes.words();
  for (const std::string& name : prepared->again)
    reloaded.changes.push_back("cloud '" + name + "' was paused: tried again");
  reloaded.warnings = next->config.warnings;
  change(std::move(*next), changes, std::move(*prepared));
  return reloaded;
}

std::optional<Gateway::Prepared> Gateway::prepare(const Setup& next, const Difference& difference,
                                                  normalize::Problems& problems) const {
  Prepared prepared;
  prepared.parts = parts_of(next, difference, prepared.again, problems);
  if (difference.connection) {
    const local_broker::Options& options = next.config.local_broker;
    auto telemetry_line = line_of(options), commands_line = line_of(options);
    if (telemetry_line && commands_line) {
      prepared.telemetry_line = std::move(*telemetry_line);
      prepared.commands_line = std::move(*commands_line);
    } else {
      const auto& error = telemetry_line ? commands_line.error() : telemetry_line.error();
      problems.add({next.config.file.string(), 0, 0}, error.message);
    }
  }
  if (!problems.empty()) return std::nullopt;
  return prepared;
}

/// A paused cloud is made anew, too: whatever it waits for, it tries at once.
std::vector<Clouds::Part> Gateway::parts_of(const Setup& next, const Difference& difference,
                                            std::vector<std::string>& again, normalize::Problems& problems) const {
  std::vector<Clouds::Part> parts;
  const std::vector<std::string> paused = clouds_->paused();
  for (const Cloud& cloud : next.config.clouds) {
    const bool other = has(difference.added, cloud.name) || has(difference.changed, cloud.name);
    parts.push_back({cloud, std::nullopt});
    if (!other && !has(paused, cloud.name)) continue;
    if (!other) again.push_back(cloud.name);
    auto ends = make_ends(cloud, clock_, log_);
    if (ends)
      parts.back().ends = std::move(*ends);
    else
      problems.add({next.config.file.string(), 0, 0}, "cloud '" + cloud.name + "': " + ends.error().message);
  }
  return parts;
}

/// What must be on the disk before it counts.
Result<> Gateway::keep(const Setup& next, const Difference& difference, Prepared& prepared) {
  auto former = keep_filters(next.config.store.data_dir, next.filters);
  if (!former) return former.error();
  prepared.former_filters = std::move(*former);
  return difference.added.empty() ? Result<>() : clouds_->admit(prepared.parts);
}

/// Messages are read by the new schemas before they are subscribed, so that none comes too early.
void Gateway::change(Setup next, const Difference& difference, Prepared prepared) {
  if (difference.log_level) log_.set_level(next.config.log_level);
  if (difference.limits) store_->limit(next.config.store.limits);
  if (difference.schemas || difference.taking) ingest_->change(next.ingest(), next.normalizer());
  if (difference.schemas || difference.commands || difference.connection)
    downlink_->change(next, std::move(prepared.commands_line));
  if (difference.subscription || difference.taking || difference.connection)
    source_->change(next.telemetry(std::move(prepared.former_filters)), std::move(prepared.telemetry_line));
  if (difference.api) api_->change({api_token(next.config), next.config.api.hosts});
  {
    const std::lock_guard lock(setup_mutex_);
    setup_ = std::make_shared<const Setup>(std::move(next));
  }
  clouds_->change(std::move(prepared.parts));
  const Instant deadline = clock_.now() + former_clouds_wait;
  clouds_->step();
  while (!clouds_->settled() && clock_.now() < deadline && !signal_->wait(Duration(10))) clouds_->step();
}

void Gateway::tell(const Reloaded& reloaded) {
  if (!reloaded.failure.empty()) log_.error("gateway", "reload: nothing has changed: " + reloaded.failure);
  for (const normalize::Problem& problem : reloaded.problems.list()) log_.error("config", problem.text());
  if (!reloaded.problems.empty())
    log_.error("gateway", "reload: refused, and the gateway goes on as it was; what is wrong stands above");
  if (reloaded.refused()) return notify_.status("reload refused; see the log");
  for (const normalize::Problem& warning : reloaded.warnings.list()) log_.warning("config", warning.message);
  for (const std::string& change : reloaded.changes) log_.info("gateway", "reload: " + change);
  if (reloaded.changes.empty()) log_.info("gateway", "reload: nothing has changed");
}

}  // namespace sluice::app
