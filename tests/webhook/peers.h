#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "connectors/webhook/webhook_sink.h"
#include "tests/stage/certificates.h"
#include "tests/stage/fake_clock.h"
#include "tests/stage/recording_log.h"

namespace sluice::webhook {

/// What an endpoint got.
struct Seen {
  std::string method, target;
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;                                 ///< as sent: nothing is decoded
  int port = 0;                                     ///< the sender's: one a connection

  std::string header(const std::string& name) const;  ///< "(none)" if it is not there
};

struct Reply {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// A real HTTP server on 127.0.0.1, with TLS if it has a certificate (cpp-httplib's). Keeps all it got.
class HttpPeer {
 public:
  using Answer = std::function<Reply(const Seen&)>;

  explicit HttpPeer(
      Answer answer = [](const Seen&) { return Reply{}; }, std::optional<stage::Certificate> certificate = {},
      std::string client_ca_file = {});
  ~HttpPeer();

  int port() const { return port_; }
  std::vector<Seen> seen() const;
  std::size_t connections() const;
  void answer_with(Answer answer);

 private:
  struct Server;
  std::unique_ptr<Server> server_;
  mutable std::mutex mutex_;
  Answer answer_;
  std::vector<Seen> seen_;
  int port_ = 0;
};

/// A TCP server on 127.0.0.1 that plays a script on every connection: what no sensible server does. The script gets the
/// socket, which is closed after it, and must return soon once `stopping` is true.
class RawPeer {
 public:
  using Script = std::function<void(int socket, const std::atomic<bool>& stopping)>;

  explicit RawPeer(Script script);
  ~RawPeer();

  int port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void listen();

  Script script_;
  int socket_ = -1, port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

/// Reads one request with its body from a plain socket; empty if it did not come whole.
std::string read_request(int socket);
void send_text(int socket, std::string_view text);
/// Waits until the peer closes or `stopping`.
void hold(int socket, const std::atomic<bool>& stopping);

/// `count` records; record i has the device "d/i" and so many bytes of padding.
std::vector<Record> make_records(int count, std::size_t padding = 0);

/// A sink with a stage round it.
struct Sender {
  Options options;
  stage::FakeClock clock;
  stage::RecordingLog log;
  std::unique_ptr<WebhookSink> sink;

  explicit Sender(int port, bool tls = false);
  /// Makes the sink if there is none yet; null, and the reason is in the log, if its options are wrong.
  WebhookSink* ready();
  std::vector<Verdict> deliver(const std::vector<Record>& records, std::stop_token stop = {});
};

/// "aaarpd": accepted, rejected, deferred, paused.
std::string outcomes(const std::vector<Verdict>& verdicts);

}  // namespace sluice::webhook
