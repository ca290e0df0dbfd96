#include "connectors/webhook/command_poll.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "connectors/webhook/request_headers.h"

namespace sluice::webhook {

namespace {

constexpr std::size_t etag_size_max = 1024;

/// RFC 7240 section 4.3. Leaves the endpoint time to answer before the request is given up.
std::string prefer_wait(Duration timeout) {
  constexpr std::chrono::seconds least(1), for_the_answer(5);
  const auto wait = std::chrono::floor<std::chrono::seconds>(timeout) - for_the_answer;
  return "wait=" + std::to_string(std::max(least, wait).count());
}

/// Whether an endpoint's tag may stand in a request of ours: it may try to smuggle in a header line.
bool can_be_sent(const std::string& etag) {
  return etag.size() <= etag_size_max &&
         std::none_of(etag.begin(), etag.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

void rest(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

namespace {
constexpr const char* well_again = "commands: asked for again without trouble";
}

CommandPoll::CommandPoll(std::string cloud, Channel channel, Duration every, Log& log)
    : cloud_(std::move(cloud)),
      channel_(std::move(channel)),
      every_(every),
      wait_(prefer_wait(channel_.timeout)),
      trouble_(log, cloud_) {
  channel_.headers = without(std::move(channel_.headers), {"Accept", "Prefer", "If-None-Match"});
}

void CommandPoll::run(CommandAcceptor& acceptor, const std::stop_token& stop) {
  while (!stop.stop_requested()) rest(step(acceptor, stop), stop);
}

Duration CommandPoll::step(CommandAcceptor& acceptor, const std::stop_token& stop) {
  const Instant began = std::chrono::steady_clock::now();
  Endpoint::Said said = channel_.endpoint->get(question(), commands_bytes_max + 1, channel_.timeout, stop);
  if (const auto* failure = std::get_if<Failure>(&said)) return failed(*failure);
  Answer& answer = std::get<Answer>(said);
  const auto took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
  if (answer.status == 200) return take(acceptor, std::move(answer), took);
  if (answer.status == 304 || step_after(answer.status) == Step::accept) return nothing(took);
  return refused(answer);
}

Headers CommandPoll::question() const {
  Headers headers = channel_.headers;
  headers.emplace_back("Accept", "application/json");
  headers.emplace_back("Prefer", wait_);
  if (!etag_.empty()) headers.emplace_back("If-None-Match", etag_);
  return headers;
}

Duration CommandPoll::take(CommandAcceptor& acceptor, Answer answer, Duration took) {
  pace_.worked();
  if (answer.body.size() > commands_bytes_max) {
    trouble_.met(LogLevel::warning, "too large",
                 "commands: " + channel_.endpoint->place() + " answered with more than 1 MiB: none of it is taken");
    return every_;
  }
  std::string etag = can_be_sent(answer.etag) ? std::move(answer.etag) : std::string();
  if (blank(answer.body)) {
    etag_ = std::move(etag);
    return nothing(took);
  }
  CommandMessage message;
  message.form = CommandMessage::Form::commands;
  message.text = std::move(answer.body);
  message.reply_to = reply_by_outcome;
  const Result<std::vector<CommandAnswer>> taken = acceptor.accept(cloud_, message);
  if (!taken) {
    trouble_.met(LogLevel::warning, "not taken",
                 "commands are not taken, and asked for again: " + taken.error().message);
    return every_;
  }
  etag_ = std::move(etag);
  trouble_.over(well_again);
  const bool any = std::any_of(taken->begin(), taken->end(), [](const CommandAnswer& one) { return !one.id.empty(); });
  return any && pace_.at_once(took, message.text) ? Duration::zero() : every_;
}

Duration CommandPoll::refused(const Answer& answer) {
  const std::string what = std::to_string(answer.status), why = channel_.explain(answer);
  if (step_after(answer.status) == Step::defer) {
    trouble_.met(LogLevel::warning, what, "commands: " + why + "; trying again");
    return channel_.wish(answer).value_or(pace_.soon());
  }
  trouble_.met(LogLevel::error, what, "commands: paused until this is mended: " + why);
  return pace_.seldom();
}

Duration CommandPoll::failed(const Failure& failure) {
  switch (failure.kind) {
    case Failure::Kind::stopped:
      return Duration::zero();
    case Failure::Kind::tls:
      trouble_.met(LogLevel::error, failure.text, "commands: paused until this is mended: " + failure.text);
      return pace_.seldom();
    case Failure::Kind::network:
      break;
  }
  trouble_.met(LogLevel::warning, failure.text, "commands: " + failure.text + "; trying again");
  return pace_.soon();
}

Duration CommandPoll::nothing(Duration took) {
  pace_.worked();
  trouble_.over(well_again);
  return Pace::held_in_vain(took) ? Duration::zero() : every_;
}

}  // namespace sluice::webhook
