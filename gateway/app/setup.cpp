#include "gateway/app/setup.h"

#include <utility>

#include "gateway/app/paths.h"

namespace sluice::app {

std::optional<Setup> make_setup(Config config, normalize::Problems& problems) {
  const std::size_t before = problems.list().size();
  config.schemas.shipped = shipped_schemas();
  config.schemas.examples = false;  // nobody asks a gateway for them
  auto library = normalize::Library::load(config.schemas, problems);
  if (!library) return std::nullopt;
  check_commands(config.commands, normalize::Commands(library), problems);

  std::vector<std::string> filters = config.local_broker.filters;
  if (config.subscribe_auto)
    filters = config.unmatched == normalize::Unmatched::ignore ? library->filters() : std::vector<std::string>{"#"};
  if (filters.empty())
    problems.add({config.file.string(), 0, 0},
                 "nothing to subscribe to: no schema is in use, and schemas.unmatched is 'ignore'");
  if (problems.list().size() > before) return std::nullopt;
  return Setup{std::move(config), std::move(library), std::move(filters)};
}

std::optional<Setup> read_setup(const std::filesystem::path& file, normalize::Problems& problems) {
  std::optional<Config> config = read_config(file, problems);
  if (!config) return std::nullopt;
  return make_setup(std::move(*config), problems);
}

std::unique_ptr<normalize::Normalizer> Setup::normalizer() const {
  return std::make_unique<normalize::Normalizer>(library,
                                                 normalize::Normalizer::Options{config.unmatched, config.timezone});
}

flow::Replay::Reading Setup::reading() const {
  return {library, {config.unmatched, config.timezone}, ingest().keep_payloads};
}

flow::Ingest::Options Setup::ingest() const {
  flow::Ingest::Options options;
  options.gateway_id = config.gateway_id;
  options.ignore_retained = config.local_broker.ignore_retained;
  for (const Cloud& cloud : config.clouds) {
    options.keep_payloads |= cloud.only.originals;
    if (cloud.topic_levels.find(config.gateway_id) != std::string::npos)
      options.own_topics.push_back(cloud.topic_levels);
  }
  return options;
}

std::shared_ptr<flow::Rulebook> Setup::rulebook(const flow::Devices& devices, const Clock& clock) const {
  const CommandRules& rules = config.commands;
  return std::make_shared<flow::Rulebook>(flow::Rulebook::Options{rules.expire_after, rules.groups, config.timezone},
                                          flow::Permission(rules.allow), library, devices, clock);
}

local_broker::Options Setup::telemetry(std::vector<std::string> former) const {
  local_broker::Options options = config.local_broker;
  options.filters = filters;
  options.former_filters = std::move(former);
  return options;
}

local_broker::Options Setup::commands() const {
  local_broker::Options options = config.local_broker;
  options.client_id += "-commands";
  return options;
}

}  // namespace sluice::app
