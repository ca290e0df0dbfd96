#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/config.h"
#include "gateway/flow/ingest.h"
#include "gateway/flow/replay.h"
#include "gateway/flow/rulebook.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"

namespace sluice::app {

/// What a gateway works by: its configuration, the schemas that names, and what follows from both. Checked; touches no
/// network.
struct Setup {
  Config config;
  std::shared_ptr<const normalize::Library> library;
  std::vector<std::string> filters;  ///< what is subscribed at the local broker, disjoint

  std::unique_ptr<normalize::Normalizer> normalizer() const;
  /// The same for whoever reads messages again.
  flow::Replay::Reading reading() const;
  flow::Ingest::Options ingest() const;
  std::shared_ptr<flow::Rulebook> rulebook(const flow::Devices& devices, const Clock& clock) const;
  /// Of the client that hears the devices; `former` may be subscribed in its session.
  local_broker::Options telemetry(std::vector<std::string> former) const;
  /// Of the client that commands go out through.
  local_broker::Options commands() const;
};

/// Reads the schemas. On any problem nothing is returned, and `problems` has all of them.
std::optional<Setup> make_setup(Config config, normalize::Problems& problems);

/// From the configuration file on.
std::optional<Setup> read_setup(const std::filesystem::path& file, normalize::Problems& problems);

}  // namespace sluice::app
