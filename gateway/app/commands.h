#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/clock.h"

namespace sluice::app {

/// The commands of the command line, one file each. Each returns an ExitCode. What a script reads goes to standard
/// output, messages for people to standard error.

int run(const std::filesystem::path& config_file);

int check(const std::filesystem::path& config_file);

int doctor(const std::filesystem::path& config_file);

struct TryOptions {
  std::optional<std::filesystem::path> config_file;  ///< none: the schemas that ship
  std::string topic;
  std::optional<std::string> payload;  ///< else of `file`, else standard input
  std::optional<std::filesystem::path> file;
  bool retained = false;
  bool quiet = false;  ///< no explanation
};
int try_message(const TryOptions& options);

struct SchemasOptions {
  enum class What { list, show, test, doc };
  What what = What::list;
  std::optional<std::filesystem::path> config_file;
  std::string name;                          ///< show
  std::vector<std::filesystem::path> files;  ///< test; none: all in use
};
int schemas(const SchemasOptions& options);

struct NewSchemaOptions {
  std::optional<std::filesystem::path> config_file;
  std::string filter = "#";
  std::string broker;                           ///< "mqtt://…", in place of the configuration's
  Duration listen_for{30'000};                  ///< to the broker
  std::optional<std::size_t> count;             ///< end after so many messages
  std::optional<std::filesystem::path> from;    ///< a recording, in place of the broker
  std::string family;                           ///< empty: guessed
  std::optional<std::filesystem::path> output;  ///< none: standard output
};
int new_schema(const NewSchemaOptions& options);

struct CoverageOptions {
  std::optional<std::filesystem::path> config_file;
  std::vector<std::filesystem::path> recordings;  ///< NDJSON files, or folders of them
  bool rest = false;                              ///< list what is not understood
};
int coverage(const CoverageOptions& options);

struct SimulateOptions {
  std::optional<std::filesystem::path> config_file;
  std::vector<std::string> families;  ///< none: all that have examples
  double rate = 5;                    ///< messages a second
  std::optional<Duration> duration;   ///< none: until stopped
  std::string broker;                 ///< "mqtt://…", in place of the configuration's
};
int simulate(const SimulateOptions& options);

struct ReceiveOptions {
  std::string listen = "127.0.0.1:8421";
  int fail = 0;          ///< answer this status to every request
  Duration down_for{0};  ///< answer 503 for so long after the first request
  std::string secret;    ///< whsec_…: check signatures
  bool quiet = false;    ///< count, print no events
};
int receive(const ReceiveOptions& options);

struct SelftestOptions {
  std::filesystem::path config_file;
  std::optional<std::filesystem::path> folder;  ///< in place of the configuration's data_dir
  std::optional<std::uint64_t> messages;        ///< all of them, however long that takes
  bool json = false;
};
/// Kills a gateway of its own, in a scratch folder, and counts what comes of it. Touches neither network nor the data
/// of a gateway that runs.
int selftest(const SelftestOptions& options);

int status(const std::filesystem::path& config_file, bool json);

/// Makes the running gateway take up its configuration and schemas as they are now. Prints what has changed, or what is
/// wrong with them, by file, line and column.
int reload(const std::filesystem::path& config_file);

int version();

}  // namespace sluice::app
