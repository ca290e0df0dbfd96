#include "connectors/webhook/webhook_sink.h"

#include <algorithm>
#include <optional>

#include "connectors/webhook/body_limit.h"
#include "connectors/webhook/endpoint.h"
#include "connectors/webhook/gzip.h"
#include "connectors/webhook/request_body.h"
#include "connectors/webhook/request_headers.h"

namespace sluice::webhook {

namespace {
/// So many records refused one by one with nothing accepted since: then it is the address that is wrong, not the
/// records.
constexpr int refusals_max = 10;
}  // namespace

struct WebhookSink::Client {
  Client(Options given, std::unique_ptr<Endpoint> to, std::string signing, const Clock& with, Log& told)
      : options(std::move(given)),
        endpoint(std::move(to)),
        key(std::move(signing)),
        clock(with),
        log(told),
        redaction(redaction_of(options)),
        body(options.format, options.source),
        limit(options.batch_bytes_max) {
    if (options.gzip) gzip.emplace();
  }

  Endpoint::Said send(std::span<const Record> records, std::stop_token stop);
  void sign(Headers& to, const std::string& id, std::string_view sent) const;
  Verdict refuse(const Answer& answer);
  Verdict put_off(const Answer& answer, Step step) const;
  Verdict put_off(const Failure& failure) const;
  std::string explain(const Answer& answer) const;

  Options options;
  std::unique_ptr<Endpoint> endpoint;
  Headers headers;  ///< of every request
  std::string key;  ///< of the signature; empty: none
  const Clock& clock;
  Log& log;
  Redaction redaction;
  RequestBody body;
  std::optional<Gzip> gzip;
  BodyLimit limit;
  int refusals = 0;  ///< of single records, since the endpoint last accepted anything
};

Result<std::unique_ptr<WebhookSink>> WebhookSink::make(Options options, const Clock& clock, Log& log) {
  std::string key;
  if (!options.signing_secret.empty()) {
    Result<std::string> decoded = signing_key(options.signing_secret);
    if (!decoded) return decoded.error();
    key = std::move(*decoded);
  }
  Result<std::unique_ptr<Endpoint>> endpoint = Endpoint::make(options.url, options.tls);
  if (!endpoint) return endpoint.error();
  auto client = std::make_unique<Client>(std::move(options), std::move(*endpoint), std::move(key), clock, log);
  Result<Headers> headers = constant_headers(client->options, client->body.content_type());
  if (!headers) return headers.error();
  client->headers = std::move(*headers);
  return std::unique_ptr<WebhookSink>(new WebhookSink(std::move(client)));
}

WebhookSink::WebhookSink(std::unique_ptr<Client> client) : client_(std::move(client)) {}
WebhookSink::~WebhookSink() = default;

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
      verdicts.resize(records.size(), client.put_off(*failure));
      break;
    }
    const Answer& answer = std::get<Answer>(said);
    const Step step = step_after(answer.status);
    if (step == Step::accept) {
      client.refusals = 0;
      client.limit.accepted();
      suspects -= std::min(suspects, count);
      verdicts.resize(verdicts.size() + count, Verdict::accept());
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
  const std::string id = request_id(records);
  const std::string& bytes = gzip ? gzip->compress(body.text()) : body.text();
  Headers all = headers;
  all.emplace_back("Idempotency-Key", '"' + id + '"');
  if (!key.empty()) sign(all, id, bytes);
  return endpoint->post(all, bytes, options.timeout, std::move(stop));
}

void WebhookSink::Client::sign(Headers& to, const std::string& id, std::string_view sent) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_time()).time_since_epoch().count();
  to.emplace_back("webhook-id", id);
  to.emplace_back("webhook-timestamp", std::to_string(now));
  to.emplace_back("webhook-signature", signature(key, id, now, sent));
}

Verdict WebhookSink::Client::refuse(const Answer& answer) {
  ++refusals;
  return Verdict::reject(explain(answer));
}

Verdict WebhookSink::Client::put_off(const Answer& answer, Step step) const {
  if (step == Step::defer) {
    const std::optional<Timestamp> now = clock.synced() ? std::optional(clock.wall_time()) : std::nullopt;
    return Verdict::defer(explain(answer), retry_after(answer.retry_after, now));
  }
  if (step_after(answer.status) == Step::pause) return Verdict::pause(explain(answer));
  return Verdict::pause(std::to_string(refusals_max) +
                        " records were refused one after the other and none accepted: is the url right? " +
                        explain(answer));
}

Verdict WebhookSink::Client::put_off(const Failure& failure) const {
  return failure.kind == Failure::Kind::tls ? Verdict::pause(failure.text) : Verdict::defer(failure.text);
}

std::string WebhookSink::Client::explain(const Answer& answer) const {
  Answer shown = answer;
  shown.body = redaction.apply(std::move(shown.body));
  shown.location = redaction.apply(std::move(shown.location));
  return endpoint->place() + " answered " + describe(shown);
}

}  // namespace sluice::webhook
