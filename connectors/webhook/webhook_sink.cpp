#include "connectors/webhook/webhook_sink.h"

#include <algorithm>
#include <optional>

#include "connectors/webhook/answered_commands.h"
#include "connectors/webhook/body_limit.h"
#include "connectors/webhook/channel.h"
#include "connectors/webhook/command_poll.h"
#include "connectors/webhook/gzip.h"
#include "connectors/webhook/outcome_post.h"
#include "connectors/webhook/request_body.h"
#include "connectors/webhook/request_headers.h"

namespace sluice::webhook {

namespace {
/// So many records refused one by one with nothing accepted since: then it is the address that is wrong, not the
/// records.
constexpr int refusals_max = 10;
}  // namespace

struct WebhookSink::Client {
  Client(const Options& options, Channel to)
      : channel(std::move(to)), body(options.format, options.source), limit(options.batch_bytes_max) {
    channel.headers.emplace_back("Content-Type", std::string(body.content_type()));
    if (!options.gzip) return;
    channel.headers.emplace_back("Content-Encoding", "gzip");
    gzip.emplace();
  }

  Endpoint::Said send(std::span<const Record> records, std::stop_token stop);
  Verdict refuse(const Answer& answer);
  Verdict put_off(const Answer& answer, Step step) const;

  Channel channel;
  RequestBody body;
  std::optional<Gzip> gzip;
  BodyLimit limit;
  int refusals = 0;  ///< of single records, since the endpoint last accepted anything
  std::optional<AnsweredCommands> commands;
};

/// What the way down needs. Of its parts each belongs to the thread that calls it.
struct WebhookSink::Down {
  static Result<std::unique_ptr<Down>> make(const Options& options, const Clock& clock, Log& log);

  std::string cloud;
  bool in_answers;
  Log& log;
  std::optional<CommandPoll> poll;  ///< these two: with an address to poll
  std::optional<OutcomePost> outcomes;
  CommandAcceptor* acceptor = nullptr;  ///< given by open
};

Result<std::unique_ptr<WebhookSink::Down>> WebhookSink::Down::make(const Options& options, const Clock& clock,
                                                                   Log& log) {
  const Downlink& wanted = *options.downlink;
  auto down = std::unique_ptr<Down>(new Down{options.name, wanted.in_answers, log, {}, {}});
  if (!wanted.poll) return down;
  Result<Channel> questions = Channel::make(options, *wanted.poll, clock);
  if (!questions) return questions.error();
  Result<Channel> outcomes = Channel::make(options, *wanted.poll, clock);
  if (!outcomes) return outcomes.error();
  down->poll.emplace(options.name, std::move(*questions), wanted.every, log);
  down->outcomes.emplace(options.name, std::move(*outcomes), *wanted.poll, log);
  return down;
}

Result<std::unique_ptr<WebhookSink>> WebhookSink::make(Options options, const Clock& clock, Log& log) {
  Result<Channel> channel = Channel::make(options, options.url, clock);
  if (!channel) return channel.error();
  std::unique_ptr<Down> down;
  if (options.downlink) {
    Result<std::unique_ptr<Down>> made = Down::make(options, clock, log);
    if (!made) return made.error();
    down = std::move(*made);
  }
  auto client = std::make_unique<Client>(options, std::move(*channel));
  return std::unique_ptr<WebhookSink>(new WebhookSink(std::move(client), std::move(down)));
}

WebhookSink::WebhookSink(std::unique_ptr<Client> client, std::unique_ptr<Down> down)
    : client_(std::move(client)), down_(std::move(down)) {}
WebhookSink::~WebhookSink() = default;

void WebhookSink::open(CommandAcceptor& acceptor) {
  if (!down_) return;
  down_->acceptor = &acceptor;
  if (down_->in_answers)
    client_->commands.emplace(acceptor, down_->cloud, down_->outcomes ? reply_by_outcome : "", down_->log);
}

void WebhookSink::poll(std::stop_token stop) {
  if (down_ && down_->poll && down_->acceptor != nullptr) down_->poll->run(*down_->acceptor, stop);
}

Verdict WebhookSink::answer(const std::string&, const CommandAnswer& answer, std::stop_token stop) {
  if (!down_ || !down_->outcomes) return Verdict::accept();  // nobody waits for it
  return down_->outcomes->tell(answer, std::move(stop));
}

std::vector<Verdict> WebhookSink::deliver(std::span<const Record> records, std::stop_token stop) {
  Client& client = *client_;
  std::vector<Verdict> verdicts;
  verdicts.reserve(records.size());
  // Of the records without a verdict, so many hold at least one to blame. They are halved from the front, so that order
  // is kept: a good half leaves the blame with the other one.
  std::size_t suspects = 0;

  while (verdicts.size() < records.size()) {
    const std::span<const Record> rest = records.subspan(verdicts.size());
    std::size_t count = suspects > 0 ? (suspects + 1) / 2 : rest.size();
    if (client.refusals >= refusals_max) count = 1;
    count = client.body.fill(rest.first(count), client.limit.now());

    Endpoint::Said said = client.send(rest.first(count), stop);
    if (const auto* failure = std::get_if<Failure>(&said)) {
      verdicts.resize(records.size(), client.channel.put_off(*failure));
      break;
    }
    const Answer& answer = std::get<Answer>(said);
    const Step step = step_after(answer.status);
    if (step == Step::accept) {
      client.refusals = 0;
      client.limit.accepted();
      suspects -= std::min(suspects, count);
      verdicts.resize(verdicts.size() + count, Verdict::accept());
      if (client.commands) client.commands->hand_on(answer);
    } else if (step == Step::defer || step == Step::pause) {
      verdicts.resize(records.size(), client.put_off(answer, step));
    } else if (count > 1) {
      if (step == Step::split_size)
        client.limit.refused(client.body.text().size());
      else
        suspects = count;
    } else if (client.refusals < refusals_max) {
      suspects = 0;
      verdicts.push_back(client.refuse(answer));
    } else {
      verdicts.resize(records.size(), client.put_off(answer, Step::pause));
    }
  }
  return verdicts;
}

Endpoint::Said WebhookSink::Client::send(std::span<const Record> records, std::stop_token stop) {
  const std::string& bytes = gzip ? gzip->compress(body.text()) : body.text();
  Headers all = channel.headers;
  channel.name(all, request_id(records), bytes);
  return channel.endpoint->post(all, bytes, channel.timeout, std::move(stop));
}

Verdict WebhookSink::Client::refuse(const Answer& answer) {
  ++refusals;
  return Verdict::reject(channel.explain(answer));
}

Verdict WebhookSink::Client::put_off(const Answer& answer, Step step) const {
  if (step == Step::defer) return Verdict::defer(channel.explain(answer), channel.wish(answer));
  if (step_after(answer.status) == Step::pause) return Verdict::pause(channel.explain(answer));
  return Verdict::pause(std::to_string(refusals_max) +
                        " records were refused one after the other and none accepted: is the url right? " +
                        channel.explain(answer));
}

}  // namespace sluice::webhook
