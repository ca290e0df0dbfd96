#include "gateway/app/command_command.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "gateway/api/http_server.h"
#include "gateway/app/config.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/member_text.h"
#include "gateway/app/running_gateway.h"
#include "gateway/app/table.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"
#include "gateway/core/record_id.h"

namespace sluice::app {

namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds answer_time = seconds(10);  ///< for the gateway itself, beside what it waits for the device
constexpr seconds wait_max = seconds(60);     ///< that the gateway waits in one request
constexpr Duration ask_again = seconds(1);

/// Of one value: the JSON as it was written, so that a number keeps its digits.
Result<std::string> param_value(const std::string& text) {
  const bool structure = text.starts_with('{') || text.starts_with('['), quoted = text.starts_with('"');
  const bool number = !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9')) &&
                      text.back() >= '0' && text.back() <= '9';
  const bool word = text == "true" || text == "false" || text == "null";
  if ((structure || quoted || number || word) && json::accept(text)) return text;
  if (structure) return invalid("is not JSON, though it begins with " + text.substr(0, 1));
  std::string out;
  append_json_string(out, text);
  return out;
}

/// For a terminal: what devices and clouds wrote must not move its cursor.
std::string shown(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  // Controls beyond ASCII (U+0080 to U+009F), and what turns the direction of a line (U+200E to U+202E, U+2066 to
  // U+2069).
  const auto at = [&](std::size_t n) { return n < text.size() ? static_cast<unsigned char>(text[n]) : 0; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool controls = at(i) == 0xC2 && at(i + 1) >= 0x80 && at(i + 1) < 0xA0;
    const bool turns = at(i) == 0xE2 && ((at(i + 1) == 0x80 && at(i + 2) >= 0x8E && at(i + 2) <= 0xAE) ||
                                         (at(i + 1) == 0x81 && at(i + 2) >= 0xA6 && at(i + 2) <= 0xA9));
    // Dashes and quotes stand between them.
    if (turns && at(i + 1) == 0x80 && at(i + 2) > 0x8F && at(i + 2) < 0xA8) continue;
    if (controls) text.replace(i, 2, " ");
    if (turns) text.replace(i, 3, " ");
  }
  return text;
}

/// Line ends in JSON stand between its members only.
void print_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  std::cout << text << "\n";
}

/// One line for people: "sluice: power to tasmota/kitchen: rejected: not allowed".
void tell(const CommandSendOptions& options, const std::string& state, const std::string& reason) {
  std::cerr << "sluice: " << shown(options.name) << " to " << shown(options.device) << ": " << shown(state)
            << (reason.empty() ? "" : ": " + shown(reason)) << "\n";
}

api::HttpCall call_of(const CommandSendOptions& options, const Config& config, const std::string& params) {
  const std::size_t slash = options.device.find('/');
  const SystemClock clock;
  api::HttpCall call;
  call.method = "POST";
  call.path = "/api/v1/devices/" + percent_encoded(options.device.substr(0, slash)) + "/" +
              percent_encoded(options.device.substr(slash + 1)) + "/commands/" + percent_encoded(options.name);
  call.token = token_of(config);
  call.body = params;
  // With a key of its own it may be asked again: a repeat hears the outcome and reaches no device.
  call.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", RecordIds(clock).next().text()}};
  return call;
}

/// The gateway's last word: neither 202 nor a failure to ask.
int ended(const CommandSendOptions& options, const Config& config, const api::HttpAnswer& answer) {
  const json document = json::parse(answer.body, nullptr, false);
  if (answer.status == 200) {
    const std::string outcome = text_of(document, "outcome");
    if (outcome.empty()) return unreachable(config, "what listens there is not a gateway");
    print_line(answer.body);
    tell(options, outcome, text_of(document, "reason"));
    return outcome == "succeeded" || outcome == "sent" ? exit_ok : exit_data;
  }
  const std::string detail = text_of(document, "detail");
  if (answer.status == 401) return wrong_token(config);
  const bool rejected = document.is_object() && document.contains("outcome");
  if (!rejected && answer.status != 400 && answer.status != 413 && answer.status != 503)
    return unreachable(config, "it answered " + std::to_string(answer.status) + " " + detail);
  print_line(rejected ? document["outcome"].dump() : answer.body);
  tell(options, "rejected", detail);
  return exit_data;
}

int still_on_its_way(const CommandSendOptions& options, const api::HttpAnswer& answer) {
  print_line(answer.body);
  const std::string why = text_of(json::parse(answer.body, nullptr, false), "reason");
  tell(options, "still on its way",
       (why.empty() ? why : why + "; ") + "'sluice command list' shows what becomes of it");
  return exit_unavailable;
}

int send(const CommandSendOptions& options, const Config& config, const std::string& params) {
  const Instant end = steady_clock::now() + options.wait;
  const api::HttpCall call = call_of(options, config, params);
  for (;;) {
    const Duration left = std::max(Duration(0), std::chrono::ceil<Duration>(end - steady_clock::now()));
    const seconds wait = std::min(wait_max, std::chrono::ceil<seconds>(left));
    api::HttpCall waiting = call;
    if (wait > seconds(0)) waiting.headers.emplace_back("Prefer", "wait=" + std::to_string(wait.count()));
    const Result<api::HttpAnswer> answer = api::http_call(config.api.listen, waiting, wait + answer_time);
    if (!answer) return unreachable(config, answer.error().message);
    if (answer->status != 202) return ended(options, config, *answer);
    if (steady_clock::now() >= end) return still_on_its_way(options, *answer);
    std::this_thread::sleep_for(std::min<Instant::duration>(ask_again, end - steady_clock::now()));
  }
}

constexpr std::array columns{"id", "device", "command", "outcome", "at", "reason"};

void print_commands(const json& commands) {
  Table table({"ID", "DEVICE", "COMMAND", "STATE", "WHEN", "REASON"});
  for (const json& command : commands) {
    std::vector<std::string> row;
    for (const char* column : columns) row.push_back(shown(text_of(command, column)));
    table.add(std::move(row));
  }
  table.print();
}

}  // namespace

Result<std::string> command_params(const std::vector<std::string>& arguments) {
  std::set<std::string> keys;
  std::string out = "{";
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string key = argument.substr(0, equals);
    if (equals == std::string::npos || key.empty())
      return invalid("'" + argument + "' is not KEY=VALUE, as in state=ON");
    if (!is_utf8(argument)) return invalid("'" + argument + "' is not UTF-8");
    if (!keys.insert(key).second) return invalid("'" + key + "' is given twice");
    const Result<std::string> value = param_value(argument.substr(equals + 1));
    if (!value) return invalid("the value of '" + key + "' " + value.error().message);
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += ':' + *value;
  }
  return out + '}';
}

int command_send(const CommandSendOptions& options) {
  const Result<std::string> params = command_params(options.params);
  const std::size_t slash = options.device.find('/');
  const bool device = slash != std::string::npos && slash > 0 && slash + 1 < options.device.size();
  if (!params || !device || options.name.empty()) {
    std::cerr << "sluice: "
              << (!params  ? shown(params.error().message)
                  : device ? "the command has no name"
                           : "'" + shown(options.device) + "' is not FAMILY/NAME, as in tasmota/kitchen")
              << "\n";
    return exit_usage;
  }
  const std::optional<Config> config = config_of(options.config_file);
  return config ? send(options, *config, *params) : exit_config;
}

int command_list(const std::filesystem::path& config_file, bool as_json) {
  const std::optional<Config> config = config_of(config_file);
  if (!config) return exit_config;
  const auto body = api::http_get(config->api.listen, "/api/v1/commands", token_of(*config), answer_time);
  if (!body) return unreachable(*config, body.error().message);
  if (as_json) return std::cout << *body << (body->ends_with('\n') ? "" : "\n"), exit_ok;
  const json commands = json::parse(*body, nullptr, false);
  if (!commands.is_array()) return unreachable(*config, "what listens there is not a gateway");
  print_commands(commands);
  return exit_ok;
}

}  // namespace sluice::app
