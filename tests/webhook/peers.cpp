#include "tests/webhook/peers.h"

#include <algorithm>

#include <arpa/inet.h>
#include <httplib.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include "gateway/core/assert.h"
#include "tests/stage/process.h"

namespace sluice::webhook {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::unique_ptr<httplib::Server> make_server(const std::optional<stage::Certificate>& certificate,
                                             const std::string& client_ca_file) {
  if (!certificate) return std::make_unique<httplib::Server>();
  return std::make_unique<httplib::SSLServer>(certificate->cert_file.c_str(), certificate->key_file.c_str(),
                                              client_ca_file.empty() ? nullptr : client_ca_file.c_str());
}

}  // namespace

std::string Seen::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "(none)" : found->second;
}

struct HttpPeer::Server {
  std::unique_ptr<httplib::Server> http;
  std::thread thread;
};

HttpPeer::HttpPeer(Answer answer, std::optional<stage::Certificate> certificate, std::string client_ca_file)
    : server_(std::make_unique<Server>()), answer_(std::move(answer)) {
  server_->http = make_server(certificate, client_ca_file);
  httplib::Server& http = *server_->http;
  SLUICE_ASSERT(http.is_valid());
  http.set_tcp_nodelay(true);
  http.set_keep_alive_max_count(1'000'000);
  const auto play = [this](const httplib::Request& request, httplib::Response& response) {
    Seen seen{request.method, request.target, {}, request.body, request.remote_port};
    for (const auto& [name, value] : request.headers) seen.headers.emplace(lower(name), value);
    Answer now;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(seen);
      now = answer_;
    }
    const Reply reply = now(seen);
    response.status = reply.status;
    std::string type = "text/plain";
    for (const auto& [name, value] : reply.headers) {
      if (lower(name) == "content-type")
        type = value;
      else
        response.set_header(name, value);
    }
    response.set_content(reply.body, type);
  };
  constexpr const char* anything = R"([\s\S]*)";  // a path may well hold an encoded line end
  http.Post(anything, play);
  http.Get(anything, play);
  port_ = http.bind_to_any_port("127.0.0.1");
  SLUICE_ASSERT(port_ > 0);
  server_->thread = std::thread([&http] { http.listen_after_bind(); });
  SLUICE_ASSERT(stage::eventually([&http] { return http.is_running(); }));
}

HttpPeer::~HttpPeer() {
  server_->http->stop();
  server_->thread.join();
}

std::vector<Seen> HttpPeer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t HttpPeer::connections() const {
  std::set<int> ports;
  for (const Seen& one : seen()) ports.insert(one.port);
  return ports.size();
}

void HttpPeer::answer_with(Answer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
}

RawPeer::RawPeer(Script script)
    : script_(std::move(script)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  SLUICE_ASSERT(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  SLUICE_ASSERT(::listen(socket_, 16) == 0);
  SLUICE_ASSERT(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { listen(); });
}

RawPeer::~RawPeer() {
  stopping_ = true;
  thread_.join();
  close(socket_);
}

void RawPeer::listen() {
  while (!stopping_) {
    pollfd watched{socket_, POLLIN, 0};
    if (poll(&watched, 1, 10) <= 0) continue;
    const int peer = accept(socket_, nullptr, nullptr);
    if (peer < 0) continue;
    ++connections_;
    script_(peer, stopping_);
    close(peer);
  }
}

std::string read_request(int socket) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const std::size_t head = text.find("\r\n\r\n");
    if (head != std::string::npos) {
      const std::size_t length = lower(text).find("\r\ncontent-length: ");
      const std::size_t body = length > head ? 0 : std::stoul(text.substr(length + 18));
      if (text.size() >= head + 4 + body) return text;
    }
    const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
    if (count <= 0) return {};
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

void send_text(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void hold(int socket, const std::atomic<bool>& stopping) {
  char buffer[4096];
  while (!stopping) {
    pollfd watched{socket, POLLIN, 0};
    if (poll(&watched, 1, 10) > 0 && recv(socket, buffer, sizeof buffer, 0) <= 0) return;
  }
}

std::vector<Record> make_records(int count, std::size_t padding) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record record;
    record.id.bytes = {1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 0, 0};
    record.id.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    record.id.bytes[15] = static_cast<std::uint8_t>(i);
    record.device = "d/" + std::to_string(i);
    record.schema = "test/reading";
    record.time = Timestamp(std::chrono::seconds(1'772'355'600));
    record.data = R"({"n":)" + std::to_string(i) + R"(,"padding":")" + std::string(padding, 'x') + "\"}";
    records.push_back(std::move(record));
  }
  return records;
}

Sender::Sender(int port, bool tls) {
  options.name = "hooks";
  options.url = {tls, "127.0.0.1", port, "/events?code=query-secret"};
  options.source = "/sluice/test";
  options.user_agent = "sluice/0.0.0";
  options.timeout = std::chrono::seconds(20);
}

WebhookSink* Sender::ready() {
  if (sink) return sink.get();
  Result<std::unique_ptr<WebhookSink>> made = WebhookSink::make(options, clock, log);
  if (!made) return log.error("make", made.error().message), nullptr;
  sink = std::move(*made);
  return sink.get();
}

std::vector<Verdict> Sender::deliver(const std::vector<Record>& records, std::stop_token stop) {
  if (ready() == nullptr) return {records.size(), Verdict::reject("make: " + log.lines().back())};
  return sink->deliver(records, std::move(stop));
}

std::string outcomes(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts) {
    if (verdict.outcome == Outcome::accepted)
      text += 'a';
    else if (verdict.outcome == Outcome::rejected)
      text += 'r';
    else
      text += verdict.paused ? 'p' : 'd';
  }
  return text;
}

}  // namespace sluice::webhook
