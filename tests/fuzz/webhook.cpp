#include <algorithm>

#include "connectors/webhook/answer.h"
#include "connectors/webhook/answered_commands.h"
#include "connectors/webhook/incoming.h"
#include "connectors/webhook/webhook_sink.h"
#include "gateway/core/json_text.h"
#include "gateway/normalize/commands.h"
#include "tests/fuzz/json_check.h"
#include "tests/fuzz/target.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"

namespace sluice::fuzz {
namespace {

using namespace webhook;

constexpr std::size_t unfolded_max = 100'000;

/// What the gateway would make of commands, up to where they are stored.
class Taker final : public CommandAcceptor {
 public:
  Result<std::vector<CommandAnswer>> accept(const std::string& origin, const CommandMessage& message) override {
    require(origin == "hooks" && message.text.size() <= answer_body_max, "commands are bounded");
    require(normalize::read_commands(message).size() <= 1000, "in number too");
    taken = true;
    return std::vector<CommandAnswer>();
  }
  bool taken = false;
};

void check_line(const std::string& line, std::size_t size_max) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  require(line.size() <= size_max && is_utf8(line), "what is shown is one short text", line);
  require(std::none_of(line.begin(), line.end(), is_control), "on one line", line);
}

void check_answer(const Answer& answer) {
  const Timestamp now = stage::FakeClock().wall_time();
  for (const std::optional<Timestamp> known : {std::optional<Timestamp>(now), std::optional<Timestamp>()}) {
    const auto wait = retry_after(answer.retry_after, known);
    require(!wait || (wait->count() > 0 && *wait <= std::chrono::hours(1)), "a wait has its bounds",
            answer.retry_after);
  }
  check_line(one_line(answer.body, 100), 100);
  check_line(describe(answer), 1000);
  (void)step_after(answer.status);
}

void check_commands(const Answer& answer) {
  stage::RecordingLog log;
  Taker taker;
  AnsweredCommands commands(taker, "hooks", "x", log);
  commands.hand_on(answer);
  const auto members = members_of(answer.body);
  if (!members || answer.content_type != "application/json" || answer.body.size() >= answer_body_max) return;
  const bool any =
      std::any_of(members->begin(), members->end(), [](const auto& one) { return one.first == "commands"; });
  require(taker.taken == any, "commands are taken where there are any, and nowhere else", answer.body);
}

void check_received(std::string_view header_text, std::string_view body) {
  const auto header = [&](std::string_view name) {
    return std::string(name == "content-encoding" ? "gzip" : header_text);
  };
  const auto opened = open_body(header, body, {}, stage::FakeClock().wall_time(), unfolded_max);
  require(!opened || opened->size() <= unfolded_max, "what is unfolded has its bound");
  (void)open_body(header, body, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", stage::FakeClock().wall_time(), unfolded_max);
}

/// The kind of answer, then lines: Retry-After, Location; then the body.
void run(std::string_view input) {
  constexpr int statuses[] = {200, 202, 301, 400, 401, 404, 409, 410, 413, 415, 422, 429, 500, 503, 999, 0};
  Answer answer;
  answer.status = statuses[take_choice(input, std::size(statuses))];
  answer.content_type = take_choice(input, 2) == 0 ? "application/json" : "application/problem+json; charset=utf-8";
  answer.retry_after = take_until(input, "\n");
  answer.location = take_until(input, "\n");
  answer.body = input.substr(0, answer_body_max);
  check_answer(answer);
  check_commands(answer);
  check_received(answer.retry_after, input);
  const auto url = parse_url(answer.location);
  require(!url || (!url->host.empty() && url->port > 0 && url->port < 65'536 && url->target.starts_with('/')),
          "an address", answer.location);
}

const Target target("webhook", run);

}  // namespace
}  // namespace sluice::fuzz
