// Webhook: an HTTPS endpoint.
#include <cctype>

#include <nlohmann/json.hpp>

#include "connectors/transport/base64.h"
#include "connectors/webhook/webhook_sink.h"
#include "tests/contract/cases.h"

namespace sluice::contract {
namespace {

using nlohmann::json;

constexpr const char* key = "header-key-5523";

std::size_t head_size(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::string_view header(std::string_view message, std::string_view name) {
  const std::size_t at = message.substr(0, head_size(message)).find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at + name.size() + 4);
  return rest.substr(0, rest.find("\r\n"));
}

std::string response(const std::string& line, const std::string& body, const std::string& headers = {}) {
  return "HTTP/1.1 " + line + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Endpoint final : public Tongue {
 public:
  explicit Endpoint(Peer& peer) : peer_(peer) {}

  std::optional<std::size_t> size(std::string_view bytes) const override {
    const std::size_t head = head_size(bytes);
    if (head == 0) return {};
    const std::string length(header(bytes, "Content-Length"));
    return head + (length.empty() ? 0 : std::stoul(length));
  }

  std::vector<std::string> ids(std::string_view message) const override {
    if (!message.starts_with("POST /events")) return {};
    json events = json::parse(message.substr(head_size(message)));
    if (events.is_object()) events = json::array({events});
    std::vector<std::string> all;
    for (const json& event : events) all.push_back(event["id"]);
    return all;
  }

  std::string answer(std::string_view message, Act act) override {
    switch (act) {
      case Act::reject:
        return response("422 Unprocessable Entity", "cannot take it");
      case Act::defer:
        return response("503 Service Unavailable", "");
      case Act::pause:  // and repeats everything it was shown
        return response("401 Unauthorized", std::string(message.substr(0, head_size(message))));
      default:
        if (message.starts_with("GET /commands")) return commands(message);
        if (message.starts_with("POST /commands")) peer_.hears(std::string(message.substr(head_size(message))));
        return response("200 OK", "");
    }
  }

 private:
  /// What shows that a list was stored is that its ETag is shown with the next question.
  std::string commands(std::string_view message) {
    if (!header(message, "If-None-Match").empty()) {
      peer_.was_acknowledged();
      return response("304 Not Modified", "");
    }
    const std::optional<std::string> offered = peer_.offered();
    if (!offered) return response("204 No Content", "");
    return response("200 OK", "[" + *offered + "]", "Content-Type: application/json\r\nETag: \"1\"\r\n");
  }

  Peer& peer_;
};

Connector make(webhook::Format format, const Setting& setting) {
  webhook::Options options;
  options.name = "hooks";
  options.url = {true, "127.0.0.1", setting.port, "/events?code=query-code-1734"};
  options.source = "/sluice/test";
  options.user_agent = "sluice/0.0.0";
  options.format = format;
  options.headers = {{"X-Key", key}};
  options.username = "someone";
  options.password = "pass-word-7421";
  options.signing_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  options.timeout = setting.timeout;
  options.tls.ca_file = setting.ca_file;
  if (setting.commands) {
    options.downlink.emplace();
    options.downlink->poll = webhook::Url{true, "127.0.0.1", setting.port, "/commands?code=query-code-1734"};
    options.downlink->every = Duration(20);
  }
  auto sink = *webhook::WebhookSink::make(std::move(options), setting.clock, setting.log);
  webhook::WebhookSink* const source = sink.get();
  return {std::move(sink), source};
}

std::vector<std::string> garbage() {
  const std::string head = "HTTP/1.1 200 OK\r\n", endless(200'000, 'x');
  return {"",
          "garbage",
          "garbage\r\n\r\n",
          "SSH-2.0-OpenSSH_9.2\r\n",
          "HTTP/1.1\r\n\r\n",
          "HTTP/2 200 OK\r\n\r\n",
          "HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n",
          head + "Content-Le",
          head + "Content-Length: 10\r\n\r\nhalf",
          head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
          head + "X: " + std::string(2'000'000, 'x'),
          "HTTP/1.1 200 " + endless + "\r\n\r\n",
          "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 " + endless + "\r\n\r\n",
          std::string(1000, '\0')};
}

Kind kind(const std::string& variant, webhook::Format format) {
  return {"webhook",
          variant,
          {Act::accept, Act::reject, Act::defer, Act::pause},
          true,
          8'000'000,
          [format](const Setting& setting) { return make(format, setting); },
          [](Peer& peer) { return std::make_unique<Endpoint>(peer); },
          garbage,
          {"query-code-1734", key, "pass-word-7421", transport::base64("someone:pass-word-7421"),
           "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}};
}

const auto kinds =
    testing::Values(kind("one_each", webhook::Format::cloudevents), kind("batch", webhook::Format::cloudevents_batch));
INSTANTIATE_TEST_SUITE_P(webhook, Sink, kinds, variant_of);
INSTANTIATE_TEST_SUITE_P(webhook, Source, testing::Values(kind("polled", webhook::Format::cloudevents)), variant_of);

}  // namespace
}  // namespace sluice::contract
