#include "gateway/app/config.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <arpa/inet.h>

#include "gateway/app/config_clouds.h"
#include "gateway/app/config_expansion.h"
#include "gateway/app/config_section.h"
#include "gateway/core/topic_filter.h"

namespace sluice::app {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t file_size_max = 1 << 20;
constexpr std::size_t token_size_wanted = 16;
constexpr auto forever = std::chrono::days(36500);

void read_gateway(Section& file, Config& config) {
  Section gateway = file.section("gateway");
  if (const auto id = gateway.required("id", "give this gateway a name of a-z 0-9 -, for example home-pi")) {
    if (is_name(id->text, "-"))
      config.gateway_id = id->text;
    else
      gateway.fail("id", "must be 1 to 64 of a-z 0-9 -");
  }
  config.store.data_dir = "/var/lib/sluice";
  gateway.path("data_dir", config.store.data_dir);
  gateway.text("timezone", config.timezone);
  if (!config.timezone.empty() && !normalize::is_timezone(config.timezone))
    gateway.fail("timezone", "is not in the time zone database; write for example Europe/Berlin");
}

void read_subscribe(Section& broker, Config& config) {
  const normalize::YamlNode* node = broker.find("subscribe");
  if (node != nullptr && node->is_scalar()) {
    if (node->text != "auto")
      broker.fail("subscribe", "write auto, or a list of topic filters: [\"tele/#\", \"stat/+/RESULT\"]");
    return;
  }
  for (const Value& filter : broker.list("subscribe")) {
    if (!is_valid_filter(filter.text))
      broker.fail_at(filter.node->place, "subscribe",
                     "not a topic filter: + stands for one whole level, # at the end for the rest");
    else if (filter.text.starts_with("$share/"))
      broker.fail_at(filter.node->place, "subscribe",
                     "a shared subscription would bring only a part of the messages; leave $share/… out");
    else
      config.local_broker.filters.push_back(filter.text);
  }
  if (!broker.has("subscribe")) return;
  config.subscribe_auto = false;
  if (node == nullptr || (node->is_sequence() && node->items.empty()))
    broker.fail("subscribe", "is empty; write auto, or quote what begins with #: [\"#\"]");
  config.local_broker.filters = disjoint(std::move(config.local_broker.filters));
}

void read_broker_address(Section& broker, Config& config) {
  const auto url = broker.required("url", "write mqtt://localhost:1883 for a broker on this machine");
  if (!url) return;
  const bool plain = url->literal() && url->text.find('@') == std::string::npos;
  if (auto address = mqtt::parse_address(url->text))
    config.local_broker.address = std::move(*address);
  else
    broker.fail("url", plain ? address.error().message
                             : "is not an address of the form mqtt://host:port or mqtts://host:port; a name and a "
                               "password belong under username and password");
}

void read_local_broker(Section& file, Config& config) {
  Section broker = file.section("local_broker");
  local_broker::Options& options = config.local_broker;
  broker.reading().said.clear();
  read_broker_address(broker, config);
  options.client_id = "sluice-" + config.gateway_id;
  broker.text("client_id", options.client_id);
  if (options.client_id.size() > 128) broker.fail("client_id", "must have at most 128 characters");
  broker.text("username", options.username);
  broker.secret("password", options.password);
  if (broker.has("password") && !broker.has("username")) broker.fail("password", "needs a username beside it");
  options.tls = read_tls(broker, options.address.host.empty() || options.address.tls, ServerName::may_be_set);
  broker.number("receive_maximum", options.receive_maximum, {1, 65535});
  broker.size("message_size_max", options.message_size_max, {1 << 10, 64 << 20});
  config.connection_said = broker.reading().said;
  read_subscribe(broker, config);
  broker.choice("retained", options.ignore_retained, {{"mark", false}, {"ignore", true}});
}

/// `tasmota`, or `{ zigbee2mqtt: { base: z2m } }`.
std::optional<normalize::FamilyUse> read_family(Section& schemas, const normalize::YamlNode& item) {
  normalize::FamilyUse family;
  family.place = item.place;
  if (item.is_scalar()) {
    auto name = schemas.value_of(item, "use");
    if (!name) return std::nullopt;
    family.name = std::move(name->text);
    return family;
  }
  if (!item.is_map() || item.members.size() != 1 || !item.members[0].value.is_map()) {
    schemas.fail_at(item.place, "use", "write a family's name, or { name: { setting: value } }");
    return std::nullopt;
  }
  family.name = item.members[0].key;
  for (const normalize::YamlNode::Member& setting : item.members[0].value.members) {
    std::vector<std::string> values;
    const auto add = [&](const normalize::YamlNode& node) {
      if (auto value = schemas.value_of(node, "use")) values.push_back(std::move(value->text));
    };
    if (setting.value.is_sequence() && !setting.value.items.empty())
      for (const normalize::YamlNode& one : setting.value.items) add(one);
    else
      add(setting.value);
    if (!values.empty()) family.settings.emplace_back(setting.key, std::move(values));
  }
  return family;
}

void read_schemas(Section& file, Config& config) {
  Section schemas = file.section("schemas");
  for (const Value& dir : schemas.list("dirs")) {
    const std::filesystem::path path = schemas.resolved(dir);
    if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
      config.schemas.dirs.push_back(path);
    else
      schemas.fail_at(dir.node->place, "dirs", "there is no folder " + schemas.shown(dir));
  }
  const auto families = schemas.items("use");
  if (schemas.has("use")) config.schemas.use.emplace();
  for (const normalize::YamlNode* item : families) {
    auto family = read_family(schemas, *item);
    if (!family) continue;
    const bool again = std::any_of(config.schemas.use->begin(), config.schemas.use->end(),
                                   [&](const auto& other) { return other.name == family->name; });
    if (again)
      schemas.fail_at(item->place, "use", "this family stands here a second time");
    else
      config.schemas.use->push_back(std::move(*family));
  }
  schemas.choice("unmatched", config.unmatched,
                 {{"ignore", normalize::Unmatched::ignore},
                  {"auto", normalize::Unmatched::auto_},
                  {"raw", normalize::Unmatched::raw},
                  {"quarantine", normalize::Unmatched::quarantine}});
}

void read_store(Section& file, Config& config) {
  store::Limits& limits = config.store.limits;
  constexpr Bounds<std::int64_t> sizes = {64 << 10, std::int64_t{1} << 40};
  Section buffer = file.section("buffer");
  buffer.choice("durability", config.store.durability,
                {{"power_cut", store::Durability::power_cut}, {"process_crash", store::Durability::process_crash}});
  buffer.duration("commit_wait", config.local_broker.commit_wait, {0s, 10s});
  buffer.size("size_max", limits.size_max, sizes);
  buffer.duration("age_max", limits.age_max, {1min, forever});
  buffer.choice("when_full", limits.when_full,
                {{"drop_oldest", store::WhenFull::drop_oldest}, {"hold", store::WhenFull::hold}});
  Section quarantine = file.section("quarantine");
  quarantine.size("size_max", limits.quarantine_size_max, sizes);
  quarantine.duration("age_max", limits.quarantine_age_max, {1min, forever});
}

bool is_host(const std::string& text) {
  in6_addr ignored;
  if (inet_pton(AF_INET6, text.c_str(), &ignored) == 1) return true;
  return !text.empty() && text.size() <= 253 && is_name(text.substr(0, 1), "") &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_name({&c, 1}, ".-");
         });
}

/// "host:port", an IPv6 address in brackets.
bool is_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return false;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  return bracketed == (host.find(':') != std::string_view::npos) && is_host(std::string(host));
}

void read_api(Section& file, Config& config) {
  Section api = file.section("api");
  api.text("listen", config.api.listen);
  if (!is_listen_address(config.api.listen))
    api.fail("listen", "write host:port, for example 127.0.0.1:8420 or [::1]:8420");
  api.secret("token", config.api.token);
  if (!config.api.token.empty() && config.api.token.size() < token_size_wanted)
    api.reading().warnings.add(api.find("token")->place,
                               "api.token is short; a good one comes from: openssl rand -hex 16");
  if (config.api.token.find(' ') != std::string::npos) api.fail("token", "must not hold a space");
  for (Value& host : api.list("hosts")) {
    std::transform(host.text.begin(), host.text.end(), host.text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    if (is_host(host.text))
      config.api.hosts.push_back(std::move(host.text));
    else
      api.fail_at(host.node->place, "hosts", "write a name or an address alone, without port: pi.local");
  }
}

void read_log(Section& file, Config& config) {
  Section log = file.section("log");
  log.choice("level", config.log_level,
             {{"debug", LogLevel::debug},
              {"info", LogLevel::info},
              {"warning", LogLevel::warning},
              {"error", LogLevel::error}});
  log.choice("format", config.log_format, {{"text", LogFormat::text}, {"json", LogFormat::json}});
}

Config read_file(const normalize::YamlNode& root, Reading& reading) {
  Config config;
  Section file(root, reading);
  read_gateway(file, config);
  read_local_broker(file, config);
  read_schemas(file, config);
  read_store(file, config);
  config.clouds = read_clouds(file, config.gateway_id, config.store.limits.age_max);
  config.commands = read_command_rules(file, config.clouds);
  read_api(file, config);
  read_log(file, config);
  return config;
}

/// The file itself is as secret as what stands in it.
void warn_of_open_file(const std::filesystem::path& file, Reading& reading) {
  const std::string who = open_to_everybody(file);
  if (who.find("change") != std::string::npos || (reading.secret_in_the_open && !who.empty()))
    reading.warnings.add({file.string(), 0, 0}, who +
                                                    (reading.secret_in_the_open ? ", and a secret stands in it" : "") +
                                                    "; take that away with chmod o= " + file.string());
}

}  // namespace

std::optional<Config> read_config(const std::filesystem::path& file, normalize::Problems& problems) {
  const FileText read = read_text_file(file, file_size_max);
  if (read.text) return read_config_text(*read.text, file, problems);
  problems.add({file.string(), 0, 0}, "the configuration " + read.why_not + "; name another file with --config");
  return std::nullopt;
}

std::optional<Config> read_config_text(std::string_view text, const std::filesystem::path& file,
                                       normalize::Problems& problems) {
  const std::size_t before = problems.list().size();
  const auto root = normalize::read_yaml(text, file.string(), problems);
  if (!root) return std::nullopt;
  if (root->is_scalar() || root->is_sequence()) {
    problems.add(root->place, "the file is " + std::string(root->kind_name()) + "; write `key: value` lines");
    return std::nullopt;
  }
  Reading reading{.problems = problems,
                  .warnings = {},
                  .folder = file.parent_path(),
                  .places = {},
                  .keys = {},
                  .secret_in_the_open = false};
  Config config = read_file(*root, reading);
  if (problems.list().size() > before) return std::nullopt;
  warn_of_open_file(file, reading);
  if (config.clouds.empty())
    reading.warnings.add(root->place, "there are no clouds: what devices say is understood, and goes nowhere");
  config.warnings = std::move(reading.warnings);
  config.file = file;
  config.places = std::move(reading.places);
  return config;
}

std::vector<std::string> config_keys() {
  normalize::Problems problems;
  const auto root = normalize::read_yaml(
      "clouds: [{ type: webhook }, { type: mqtt }, { type: azure_iot_hub }]\ncommands: { allow: [{ from: api }] }", "",
      problems);
  SLUICE_ASSERT(root.has_value());
  Reading reading{
      .problems = problems, .warnings = {}, .folder = {}, .places = {}, .keys = {}, .secret_in_the_open = false};
  read_file(*root, reading);
  return {reading.keys.begin(), reading.keys.end()};
}

}  // namespace sluice::app
