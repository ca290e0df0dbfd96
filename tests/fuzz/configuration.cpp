#include <fstream>

#include <stdlib.h>

#include "gateway/app/config.h"
#include "gateway/core/topic_filter.h"
#include "tests/fuzz/target.h"
#include "tests/stage/temp_folder.h"

namespace sluice::fuzz {
namespace {

using normalize::Problems;
using normalize::YamlNode;

constexpr std::string_view secret = "Kuckucksuhr-im-Keller-417";

/// Where relative paths begin: "secret" is a file there, and ${env:SECRET} says the same.
class Surroundings {
 public:
  Surroundings() {
    std::ofstream(folder_ / "secret") << secret << "\n";
    std::filesystem::permissions(folder_ / "secret", std::filesystem::perms(0600));
    setenv("SECRET", std::string(secret).c_str(), 1);
  }
  std::filesystem::path file() const { return folder_ / "sluice.yaml"; }

 private:
  stage::TempFolder folder_;
};

/// Whether a text leads out of the folder. A fuzzer is to read nothing else, and devices hang.
bool leads_out(std::string_view text) {
  return text.starts_with('/') || text.find("..") != std::string_view::npos ||
         text.find("file:/") != std::string_view::npos;
}

bool leads_out(const YamlNode& node) {
  for (const YamlNode& item : node.items)
    if (leads_out(item)) return true;
  for (const YamlNode::Member& member : node.members)
    if (leads_out(member.key) || leads_out(member.value)) return true;
  return leads_out(node.text);
}

bool is_safe(std::string_view text) {
  Problems ignored;
  const auto root = normalize::read_yaml(text, "fuzz.yaml", ignored);
  return !root || !leads_out(*root);
}

void check_secrets(const Problems& problems, std::string_view input) {
  if (input.find("Kuckuck") != std::string_view::npos) return;
  const std::string text = problems.text();
  require(text.find(secret) == std::string::npos, "no message holds a secret", text);
}

void check_config(const app::Config& config) {
  require(!config.gateway_id.empty() && config.gateway_id.size() <= 64, "a gateway has a name", config.gateway_id);
  require(config.gateway_id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos,
          "of some characters alone", config.gateway_id);
  require(config.store.limits.size_max > 0 && config.store.limits.age_max > Duration(0), "the buffer has its bounds");
  require(config.local_broker.receive_maximum > 0, "something may be received");
  const auto& filters = config.local_broker.filters;
  require(config.subscribe_auto == filters.empty(), "filters, or auto");
  for (std::size_t i = 0; i < filters.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) require(!overlap(filters[i], filters[j]), "filters do not overlap", filters[i]);
  for (std::size_t i = 0; i < config.clouds.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      require(config.clouds[i].name != config.clouds[j].name, "clouds have names of their own", config.clouds[i].name);
}

void run(std::string_view input) {
  static const Surroundings surroundings;
  if (!is_safe(input)) return;
  Problems problems, again;
  const auto config = app::read_config_text(input, surroundings.file(), problems);
  require(config.has_value() == problems.empty(), "a configuration, or problems", problems.text());
  check_secrets(problems, input);
  const auto second = app::read_config_text(input, surroundings.file(), again);
  require(again.text() == problems.text(), "the same problems twice", problems.text() + again.text());
  if (!config) return;
  check_secrets(config->warnings, input);
  check_config(*config);
  require(second && second->connection_said == config->connection_said, "the same configuration twice");
}

const Target target("configuration", run);

}  // namespace
}  // namespace sluice::fuzz
