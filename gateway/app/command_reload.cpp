#include <iostream>

#include <nlohmann/json.hpp>

#include "gateway/app/commands.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/running_gateway.h"

namespace sluice::app {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds reload_time{60};

/// A member that is a list, else an empty one.
json list_of(const json& object, const char* member) {
  return object.is_object() && object.contains(member) && object[member].is_array() ? object[member] : json::array();
}

void print_problems(const json& problems) {
  normalize::Problems all;
  for (const json& problem : problems)
    all.add({problem.value("file", ""), problem.value("line", std::size_t{0}), problem.value("column", std::size_t{0})},
            problem.value("message", ""));
  std::cerr << all.text();
}

int print_changes(const json& answer) {
  print_problems(list_of(answer, "warnings"));
  const json changes = list_of(answer, "changes");
  if (changes.empty()) std::cout << "nothing has changed\n";
  for (const json& change : changes) std::cout << change.get<std::string>() << "\n";
  return exit_ok;
}

int refused(const json& answer, int status) {
  print_problems(list_of(answer, "errors"));
  std::string why = answer.is_object() ? answer.value("title", "") : "";
  if (answer.is_object() && answer.contains("detail")) why += ": " + answer.value("detail", "");
  std::cerr << "sluice: " << (why.empty() ? "the gateway answers " + std::to_string(status) : why) << "\n";
  if (status == 401)
    std::cerr << "sluice: where api.token itself has changed, send the running gateway a SIGHUP (systemctl reload "
                 "sluice)\n";
  return status == 422 ? exit_config : status == 503 ? exit_disk : exit_unavailable;
}

}  // namespace

int reload(const std::filesystem::path& config_file) {
  normalize::Problems problems;
  const std::optional<Config> config = read_config(config_file, problems);
  if (!config) {
    std::cerr << problems.text() << "sluice: the configuration is wrong; the running gateway was not asked\n";
    return exit_config;
  }
  api::HttpCall call{.method = "POST", .path = "/api/v1/reload", .token = token_of(*config)};
  call.headers = {{"Content-Type", "application/json"}};
  const auto answer = api::http_call(config->api.listen, call, reload_time);
  if (!answer) {
    std::cerr << "sluice: no running gateway at " << config->api.listen << ": " << answer.error().message
              << "; where api.listen itself has changed, the gateway has to be started anew\n";
    return exit_unavailable;
  }
  const json content = json::parse(answer->body, nullptr, false);
  return answer->status == 200 ? print_changes(content) : refused(content, answer->status);
}

}  // namespace sluice::app
