#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

/// The way down. Credentials, headers, secret, TLS and timeout are those of the way up, for this address too.
struct Downlink {
  std::optional<Url> poll;                    ///< asked for commands by GET; their outcomes are POSTed below it
  Duration every = std::chrono::seconds(15);  ///< from the end of an answer to the next question
  bool in_answers = false;                    ///< commands in the answers to deliveries count
};

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
  std::optional<Downlink> downlink{};
};

/// Decodes "whsec_" + base64 (standard-webhooks.md, "Signature scheme"); 24 to 64 bytes.
Result<std::string> signing_key(std::string_view secret);

/// "v1," + base64(HMAC-SHA256(key, id.timestamp.body)).
std::string signature(std::string_view key, std::string_view id, std::int64_t timestamp, std::string_view body);

/// An HTTPS endpoint that takes events. Keeps its connection alive. The answers' meaning is in webhook/README.md.
/// Sends in order, one request at a time; splits by itself what is too large (413) or holds a record that the endpoint
/// cannot take (400, 422). With a downlink it brings commands too; without one, `open` and `poll` do nothing.
/// `deliver`, `poll` and `answer` may run at once in three threads: each has a connection of its own.
class WebhookSink final : public UplinkSink, public CommandSource {
 public:
  /// Checks what can be checked without the network: certificate and key files, the secret.
  static Result<std::unique_ptr<WebhookSink>> make(Options options, const Clock& clock, Log& log);
  ~WebhookSink() override;

  std::vector<Verdict> deliver(std::span<const Record> records, std::stop_token stop) override;

  void open(CommandAcceptor& acceptor) override;
  void poll(std::stop_token stop) override;
  /// One attempt. An answer without an id is accepted: there is no address for it.
  Verdict answer(const std::string& reply_to, const CommandAnswer& answer, std::stop_token stop) override;

 private:
  struct Client;
  struct Down;
  WebhookSink(std::unique_ptr<Client> client, std::unique_ptr<Down> down);
  std::unique_ptr<Client> client_;
  std::unique_ptr<Down> down_;  ///< null without a downlink
};

}  // namespace sluice::webhook
