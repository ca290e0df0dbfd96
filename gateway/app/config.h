#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/azure_iot_hub/azure_iot_hub.h"
#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/local_broker/mqtt_source.h"
#include "connectors/webhook/webhook_sink.h"
#include "gateway/app/console_log.h"
#include "gateway/core/clock.h"
#include "gateway/flow/intake.h"
#include "gateway/flow/only.h"
#include "gateway/flow/permission.h"
#include "gateway/flow/thin.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/store/store.h"

namespace sluice::app {

/// One entry of `clouds`. Its name is its identity in the store.
struct Cloud {
  std::string name;
  std::string type;  ///< as configured: "webhook"
  flow::Only only;
  flow::Thin thin;
  std::size_t batch_count_max = 500;
  Duration batch_wait_max{0};
  /// Whole but for what the program itself adds (webhook: user_agent).
  std::variant<webhook::Options, cloud_mqtt::Options, azure_iot_hub::Options> options;
  /// What its topics begin with, in whole levels; empty: nothing that could be told from a device's.
  std::string topic_levels;
  bool downlink = false;  ///< commands come down from it
  std::string said;       ///< the same text, the same cloud (Reading::said)
};

/// `commands`: who may command what.
struct CommandRules {
  Duration expire_after = std::chrono::seconds(60);  ///< where a command does not say itself
  std::vector<flow::Allow> allow;
  std::vector<normalize::Place> places;  ///< of what each entry of `allow` names
  flow::Intake::Groups groups;           ///< members of a group's device

  bool operator==(const CommandRules& other) const {
    return expire_after == other.expire_after && allow == other.allow && groups == other.groups;
  }
};

struct Api {
  std::string listen = "127.0.0.1:8420";  ///< "host:port"
  std::string token;                      ///< empty: none configured
  std::vector<std::string> hosts;         ///< lower case; names it answers to, beside loopback

  bool operator==(const Api&) const = default;
};

/// The configuration file, read, checked and with its secrets filled in. Paths are absolute or relative to the working
/// directory; everything else is what the floors take. `deploy/sluice.yaml` documents every key.
struct Config {
  std::filesystem::path file;
  std::map<std::string, normalize::Place> places;  ///< of single values: "gateway.id"
  std::string gateway_id;
  std::string timezone;  ///< IANA name; empty: the machine's

  local_broker::Options local_broker;  ///< filters: of `subscribe`, disjoint; empty under `subscribe: auto`
  bool subscribe_auto = true;
  std::string connection_said;  ///< the same text, the same connection to the local broker (Reading::said)

  normalize::Library::Sources schemas;  ///< `shipped` is left empty
  normalize::Unmatched unmatched = normalize::Unmatched::ignore;

  store::Store::Options store;  ///< gateway.data_dir, buffer, quarantine; buffer.commit_wait is local_broker's
  std::vector<Cloud> clouds;
  CommandRules commands;
  Api api;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::text;

  normalize::Problems warnings;  ///< what works and should be mended, e.g. a secret that everybody may read
};

/// Reads the file. On any problem nothing is returned and `problems` has all of them, each with its place; no message
/// ever holds a secret. Reads the files that `${file:PATH}` names and looks whether certificates are there; touches no
/// network.
std::optional<Config> read_config(const std::filesystem::path& file, normalize::Problems& problems);

/// The same for a text; `file` stands in messages, and relative paths begin at its folder.
std::optional<Config> read_config_text(std::string_view text, const std::filesystem::path& file,
                                       normalize::Problems& problems);

/// Whether what `allow` names is there.
void check_commands(const CommandRules& rules, const normalize::Commands& commands, normalize::Problems& problems);

/// Every key there is, as "buffer.size_max" and "clouds[].batch.count_max", sorted: for the tests that keep the
/// documented configuration and the editors' schema complete.
std::vector<std::string> config_keys();

}  // namespace sluice::app
