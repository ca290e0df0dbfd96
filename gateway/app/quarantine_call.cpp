#include "gateway/app/quarantine_call.h"

#include <iostream>
#include <thread>

#include "gateway/api/http_server.h"
#include "gateway/app/exit_code.h"
#include "gateway/app/member_text.h"
#include "gateway/app/running_gateway.h"
#include "gateway/app/visible_text.h"
#include "gateway/core/percent.h"

namespace sluice::app {

namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds answer_time = seconds(30);   ///< it may walk through all of quarantine
constexpr seconds patience_max = seconds(60);  ///< with a gateway that is busy, or away
constexpr Duration ask_again = Duration(200);

std::string path_of(const std::string& path) {
  return "/api/v1/quarantine" + path;
}

QuarantineCall::Answer told(const Config& config, const Result<api::HttpAnswer>& answer) {
  if (!answer) return {.exit = unreachable(config, answer.error().message)};
  if (answer->status == 401) return {.exit = wrong_token(config)};
  QuarantineCall::Answer good{exit_ok, false, json::parse(answer->body, nullptr, false), answer->body};
  if (answer->status == 200 && good.document.is_object()) return good;
  const std::string detail = text_of(good.document, "detail");
  if (detail.empty()) return {.exit = unreachable(config, "it answered " + std::to_string(answer->status))};
  std::cerr << "sluice: " << visible(detail) << "\n";
  return {.exit = answer->status == 503 ? exit_disk : exit_data};
}

}  // namespace

std::string query_of(const QuarantineOptions& options) {
  std::string out;
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value) out += std::string(name) + "=" + percent_encoded(*value) + "&";
  };
  add("schema", options.schema);
  add("topic", options.topic);
  add("reason", options.reason);
  add("cloud", options.cloud);
  return out;
}

QuarantineCall::Answer QuarantineCall::get(const std::string& path, bool patient) const {
  api::HttpCall call;
  call.path = path_of(path);
  call.token = token_of(config_);
  for (;;) {
    const auto answer = api::http_call(config_.api.listen, call, answer_time);
    if (answer || !patient) return told(config_, answer);
    if (!wait_for_gateway()) return {.exit = exit_unavailable};
  }
}

QuarantineCall::Answer QuarantineCall::post(const std::string& what, const std::vector<std::int64_t>& ids) const {
  api::HttpCall call;
  call.method = "POST";
  call.path = path_of("/" + what);
  call.token = token_of(config_);
  call.headers = {{"Content-Type", "application/json"}};
  call.body = json{{"ids", ids}}.dump();
  for (const Instant end = steady_clock::now() + patience_max;;) {
    const auto answer = api::http_call(config_.api.listen, call, answer_time);
    if (!answer) return {.exit = exit_unavailable, .lost = true};
    if (answer->status != 429 || steady_clock::now() >= end) return told(config_, answer);
    std::this_thread::sleep_for(ask_again);
  }
}

bool QuarantineCall::wait_for_gateway() const {
  std::cerr << "sluice: the gateway has gone away; waiting for it\n";
  for (const Instant end = steady_clock::now() + patience_max; steady_clock::now() < end;) {
    if (api::http_get(config_.api.listen, "/healthz", {}, seconds(5))) return true;
    std::this_thread::sleep_for(ask_again);
  }
  unreachable(config_, "it did not come back");
  return false;
}

}  // namespace sluice::app
