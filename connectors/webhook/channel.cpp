#include "connectors/webhook/channel.h"

#include "connectors/webhook/request_headers.h"

namespace sluice::webhook {

Result<Channel> Channel::make(const Options& options, const Url& url, const Clock& clock) {
  std::string key;
  if (!options.signing_secret.empty()) {
    Result<std::string> decoded = signing_key(options.signing_secret);
    if (!decoded) return decoded.error();
    key = std::move(*decoded);
  }
  Result<std::unique_ptr<Endpoint>> endpoint = Endpoint::make(url, options.tls);
  if (!endpoint) return endpoint.error();
  Result<Headers> headers = constant_headers(options);
  if (!headers) return headers.error();
  return Channel{std::move(*endpoint),  std::move(*headers), std::move(key),
                 redaction_of(options), options.timeout,     clock};
}

void Channel::name(Headers& to, const std::string& id, std::string_view sent) const {
  to.emplace_back("Idempotency-Key", '"' + id + '"');
  if (key.empty()) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_time()).time_since_epoch().count();
  to.emplace_back("webhook-id", id);
  to.emplace_back("webhook-timestamp", std::to_string(now));
  to.emplace_back("webhook-signature", signature(key, id, now, sent));
}

std::string Channel::explain(const Answer& answer) const {
  Answer shown = answer;
  shown.body = redaction.apply(std::move(shown.body));
  shown.location = redaction.apply(std::move(shown.location));
  return endpoint->place() + " answered " + describe(shown);
}

std::optional<Duration> Channel::wish(const Answer& answer) const {
  return retry_after(answer.retry_after, clock.synced() ? std::optional(clock.wall_time()) : std::nullopt);
}

Verdict Channel::put_off(const Failure& failure) const {
  return failure.kind == Failure::Kind::tls ? Verdict::pause(failure.text) : Verdict::defer(failure.text);
}

}  // namespace sluice::webhook
