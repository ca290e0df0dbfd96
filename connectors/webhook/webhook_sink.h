#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/tls_options.h"

namespace sluice::webhook {

enum class Format { cloudevents_batch, cloudevents, ndjson };

struct Url {
  bool tls = true;
  std::string host;  ///< without brackets
  int port = 443;
  std::string target = "/";  ///< path and query
  bool loopback() const;
};

/// "https://…" or "http://…"; no user part, no fragment.
Result<Url> parse_url(std::string_view text);

struct Options {
  std::string name;  ///< of the cloud, for the log
  Url url;
  std::string source;  ///< the events' source: "/sluice/<gateway id>"
  std::string user_agent;
  Format format = Format::cloudevents_batch;
  std::size_t batch_bytes_max = 256 * 1024;  ///< of a request's body, before compression
  bool gzip = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string bearer, username, password;       ///< empty: none
  std::string signing_secret;                   ///< whsec_…; empty: none
  Duration timeout = std::chrono::seconds(30);  ///< for one whole request
  TlsOptions tls;
};

/// Decodes "whsec_" + base64 (standard-webhooks.md, "Signature scheme"); 24 to 64 bytes.
Result<std::string> signing_key(std::string_view secret);

/// "v1," + base64(HMAC-SHA256(key, id.timestamp.body)).
std::string signature(std::string_view key, std::string_view id, std::int64_t timestamp, std::string_view body);

/// An HTTPS endpoint that takes events. Keeps its connection alive. The answers' meaning is in webhook/README.md.
/// Sends in order, one request at a time; splits by itself what is too large (413) or holds a record that the endpoint
/// cannot take (400, 422).
class WebhookSink final : public UplinkSink {
 public:
  /// Checks what can be checked without the network: certificate and key files, the secret.
  static Result<std::unique_ptr<WebhookSink>> make(Options options, const Clock& clock, Log& log);
  ~WebhookSink() override;

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token stop) override;

 private:
  struct Client;
  explicit WebhookSink(std::unique_ptr<Client> client);
  std::unique_ptr<Client> client_;
};

}  // namespace sluice::webhook
