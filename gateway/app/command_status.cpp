#include <iomanip>
#include <iostream>

#include <nlohmann/json.hpp>

#include "gateway/app/commands.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/paint.h"
#include "gateway/app/running_gateway.h"

namespace sluice::app {

namespace {

using nlohmann::json;

std::string count(const json& value) {
  return std::to_string(value.get<std::uint64_t>());
}

void print_cloud(const json& cloud, const Paint& paint) {
  const std::string state = cloud["state"];
  std::cout << "cloud " << cloud["name"].get<std::string>() << " (" << cloud["type"].get<std::string>()
            << "): " << paint(state, state == "up") << " since " << cloud["since"].get<std::string>() << "\n";
  const json& dropped = cloud["dropped"];
  std::cout << "  stored " << count(cloud["stored"]) << " = delivered " << count(cloud["delivered"]) << " + rejected "
            << count(cloud["rejected"]) << " + skipped " << count(cloud["skipped"]) << " + dropped "
            << dropped["size"].get<std::uint64_t>() + dropped["age"].get<std::uint64_t>() +
                   dropped["damage"].get<std::uint64_t>()
            << " + backlog " << count(cloud["backlog"]["records"]);
  if (cloud["backlog"]["records"] != 0)
    std::cout << " (" << count(cloud["backlog"]["bytes"]) << " bytes, oldest " << count(cloud["backlog"]["oldest_s"])
              << " s)";
  std::cout << "\n";
  if (state != "up" && cloud["last_error"].is_object())
    std::cout << "  " << cloud["last_error"]["text"].get<std::string>() << "\n";
}

/// Only where there have been any.
void print_commands(const json& commands) {
  if (commands["accepted"] == 0 && commands["rejected"] == 0) return;
  std::cout << "commands: ";
  const char* separator = "";
  for (const char* state : {"accepted", "sent", "succeeded", "failed", "expired", "rejected", "unanswered"}) {
    std::cout << separator << state << " " << count(commands[state]);
    separator = ", ";
  }
  std::cout << "\n";
}

void print(const json& status) {
  const Paint paint;
  const json& gateway = status["gateway"];
  std::cout << gateway["id"].get<std::string>() << ": sluice " << gateway["version"].get<std::string>() << ", up "
            << count(gateway["uptime_s"]) << " s\n";
  if (gateway.contains("clock")) std::cout << paint("clock: not synced", false) << ": records are marked until it is\n";
  const json& broker = status["local_broker"];
  const bool connected = broker["connected"];
  std::cout << "local broker: " << paint(connected ? "connected" : "not connected", connected) << " since "
            << broker["since"].get<std::string>();
  if (broker.contains("last_error")) std::cout << ": " << broker["last_error"].get<std::string>();
  std::cout << "\n";
  const json& messages = status["messages"];
  std::cout << "messages: received " << count(messages["received"]) << " = understood " << count(messages["understood"])
            << " + ignored " << count(messages["ignored"]) << " + quarantined " << count(messages["quarantined"])
            << " + redelivered " << count(messages["redelivered"]) << "\n";
  for (const json& cloud : status["clouds"]) print_cloud(cloud, paint);
  if (status.contains("commands")) print_commands(status["commands"]);
  const json& quarantine = status["quarantine"];
  std::cout << "quarantine: " << count(quarantine["records"]) << " (" << count(quarantine["bytes"]) << " bytes)"
            << (quarantine["records"] != 0 ? "; 'sluice quarantine list' shows why" : "") << "\n";
  if (status.contains("store_error"))
    std::cout << paint("disk: " + status["store_error"].get<std::string>(), false) << "\n";
}

}  // namespace

int status(const std::filesystem::path& config_file, bool as_json) {
  normalize::Problems problems;
  const std::optional<Config> config = read_config(config_file, problems);
  if (!config) {
    std::cerr << problems.text();
    return exit_config;
  }
  const auto body = running_status(*config);
  if (!body) {
    std::cerr << "sluice: no running gateway at " << config->api.listen << ": " << body.error().message << "\n";
    return exit_unavailable;
  }
  if (as_json) {
    std::cout << *body;
    return exit_ok;
  }
  const json parsed = json::parse(*body, nullptr, false);
  if (parsed.is_discarded()) {
    std::cerr << "sluice: what listens at " << config->api.listen << " is not a gateway\n";
    return exit_unavailable;
  }
  print(parsed);
  return exit_ok;
}

}  // namespace sluice::app
