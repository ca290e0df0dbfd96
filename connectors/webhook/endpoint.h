#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/transport/patience.h"
#include "connectors/webhook/answer.h"
#include "connectors/webhook/webhook_sink.h"

namespace sluice::webhook {

using transport::Failure;
using transport::Patience;

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One HTTP endpoint and the connection to it, which is kept alive from request to request. One thread.
///
/// cpp-httplib speaks HTTP; the connection below it is ours (connection.h), since the library's time-outs count anew
/// with every byte that drips in, its host name check falls back to the common name, and it does not look for an answer
/// once a write has failed, where an endpoint may well have refused a body before it was all sent.
class Endpoint {
 public:
  using Said = std::variant<Answer, Failure>;

  static Result<std::unique_ptr<Endpoint>> make(const Url& url, const TlsOptions& tls);
  ~Endpoint();

  /// POSTs `body`. Connecting, sending and the whole answer take `timeout` at most, and end soon after a stop. An
  /// answer that broke off is no answer; of a body beyond 64 KiB the beginning is.
  Said post(const Headers& headers, const std::string& body, Duration timeout, std::stop_token stop);

  /// The same to another path and query of this host.
  Said post_to(const std::string& target, const Headers& headers, const std::string& body, Duration timeout,
               std::stop_token stop);

  /// GETs the address. Of the answer's body the first `body_max` bytes are kept.
  Said get(const Headers& headers, std::size_t body_max, Duration timeout, std::stop_token stop);

  /// Scheme, host and path: what may stand in a log.
  const std::string& place() const { return place_; }

 private:
  class Wire;
  struct Asked;
  Endpoint(std::unique_ptr<Wire> wire, std::string place, std::string target);

  std::unique_ptr<Wire> wire_;
  std::string place_, target_;
};

}  // namespace sluice::webhook
