#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/transport/redaction.h"
#include "connectors/webhook/endpoint.h"
#include "gateway/core/verdict.h"

namespace sluice::webhook {

/// An address of a cloud, with what every request to it needs and what may be said about it. One thread.
struct Channel {
  /// Checks what can be checked without the network.
  static Result<Channel> make(const Options& options, const Url& url, const Clock& clock);

  /// Gives a request its name, the same at each attempt (Idempotency-Key), and signs the bytes `sent` if there is a
  /// secret. `id` is printable ASCII without quotes and backslashes.
  void name(Headers& to, const std::string& id, std::string_view sent) const;

  /// What was answered, on one line without secrets.
  std::string explain(const Answer& answer) const;
  /// How long the answer asks to wait, if it does.
  std::optional<Duration> wish(const Answer& answer) const;
  Verdict put_off(const Failure& failure) const;

  std::unique_ptr<Endpoint> endpoint;
  Headers headers;  ///< of every request
  std::string key;  ///< of the signature; empty: none
  transport::Redaction redaction;
  Duration timeout;  ///< for one whole request
  const Clock& clock;
};

}  // namespace sluice::webhook
