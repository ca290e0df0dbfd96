#include "gateway/api/command_post.h"

#include <algorithm>

#include "gateway/api/header_fields.h"
#include "gateway/core/json_text.h"
#include "gateway/core/percent.h"

namespace sluice::api {

namespace {

/// Refused, as against accepted and ended somehow: what has ended is an answer, not an error of whoever asks.
bool is_refusal(const CommandAnswer& answer) {
  constexpr int refusals[] = {400, 403, 404, 413, 422, 429, 503};
  return answer.state == CommandState::rejected ||
         std::find(std::begin(refusals), std::end(refusals), answer.status) != std::end(refusals);
}

Response refusal(const CommandAnswer& answer) {
  Response response = problem(answer.status >= 400 ? answer.status : 422, {}, answer.reason);
  std::string& body = response.body;
  body.pop_back();  // the brace that closes the document: extension members follow (RFC 9457 section 3.2)
  if (!answer.id.empty()) append_json_string(body += R"(,"id":)", answer.id);
  if (answer.text.starts_with('{')) body += R"(,"outcome":)" + answer.text;
  body += '}';
  return response;
}

Response progress(const CommandAnswer& answer) {
  Response response;
  response.status = answer.ended ? 200 : 202;
  response.body = answer.text;
  if (!answer.ended) response.headers.emplace_back("Location", command_location(answer.id));
  return response;
}

bool is_blank(std::string_view body) {
  return body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::string command_location(const std::string& id) {
  return "/api/v1/commands/" + percent_encoded(id);
}

Response CommandPost::answer(const Request& request, const std::string& device, const std::string& command) {
  const Result<std::string> key = idempotency_key(request);
  if (!key) return problem(400, {}, key.error().message);
  CommandMessage message;
  message.form = CommandMessage::Form::params;
  message.text = is_blank(request.body) ? "{}" : request.body;
  message.id = *key;
  message.device = device;
  message.name = command;
  Result<CommandAnswer> answer = downlink_.command(std::move(message));
  if (!answer) return refusal(refused_command({*key, device, command}, 503, "storage: " + answer.error().message));
  if (is_refusal(*answer)) return refusal(*answer);

  const std::optional<std::chrono::seconds> wish = preferred_wait(request);
  const std::chrono::seconds wait =
      std::min(wish.value_or(std::chrono::seconds(0)), std::chrono::duration_cast<std::chrono::seconds>(wait_max));
  const bool applied = wish && await(*answer, wait);
  Response response = is_refusal(*answer) ? refusal(*answer) : progress(*answer);
  if (applied) response.headers.emplace_back("Preference-Applied", "wait=" + std::to_string(wait.count()));
  return response;
}

bool CommandPost::await(CommandAnswer& answer, Duration wait) {
  if (answer.ended || wait == Duration(0)) return true;
  const bool free = ++waiting_ <= waits_max;
  if (free)
    if (std::optional<CommandAnswer> end = downlink_.look(answer.id, wait)) answer = std::move(*end);
  --waiting_;
  return free;
}

}  // namespace sluice::api
