#include "connectors/webhook/endpoint.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <httplib.h>

#include "connectors/transport/connection.h"

namespace sluice::webhook {

using transport::Connection;
using transport::Lookup;
using transport::TlsContext;

namespace {

/// The library matches a status line with a regular expression that recurses: 40 000 characters end the process.
constexpr std::size_t status_line_max = 1024;
/// Header and what chunks cost beside a body: far beyond what any sensible answer needs.
constexpr std::size_t framing_bytes_max = 448 * 1024;

/// What is read of an answer in all, if `body_max` of its body is wanted.
std::size_t answer_bytes_max(std::size_t body_max) {
  return body_max + std::max(framing_bytes_max, body_max);
}

std::string authority(const Url& url) {
  return url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
}

std::string host_header(const Url& url) {
  const int usual = url.tls ? 443 : 80;
  return url.port == usual ? authority(url) : authority(url) + ":" + std::to_string(url.port);
}

/// One request's view of the connection. After a failed write it takes in the rest of the request without sending it,
/// so that the library goes on to the answer.
class PatientStream final : public httplib::Stream {
 public:
  PatientStream(Connection& connection, const Patience& patience, std::size_t bytes_max)
      : connection_(connection), patience_(patience), bytes_max_(bytes_max) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  socket_t socket() const override { return connection_.socket(); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}

  ssize_t write(const char* from, std::size_t size) override {
    if (!write_failure_) {
      const ssize_t written = connection_.write(from, size, patience_);
      if (written >= 0) return written;
      write_failure_ = connection_.failure();
    }
    return write_failure_->kind == Failure::Kind::network ? static_cast<ssize_t>(size) : -1;
  }

  ssize_t read(char* to, std::size_t size) override {
    if (at_ == end_ && !refill()) return ended_ ? 0 : -1;
    const std::size_t count = std::min(size, end_ - at_);
    std::memcpy(to, buffer_.data() + at_, count);
    at_ += count;
    if (in_head_ && !sane_head({to, count})) return -1;
    return static_cast<ssize_t>(count);
  }

  void head_done() { in_head_ = false; }
  bool heard() const { return received_ > 0; }
  bool holds_more() const { return at_ < end_; }
  bool ended() const { return ended_; }

  Failure failure() const {
    if (failure_ && failure_->kind != Failure::Kind::network) return *failure_;  // a TLS alert says why writing failed
    if (write_failure_) return *write_failure_;
    return failure_.value_or(Failure{});
  }

 private:
  bool refill() {
    if (ended_ || failure_) return false;
    const ssize_t count = connection_.read(buffer_.data(), buffer_.size(), patience_);
    if (count < 0) failure_ = connection_.failure();
    if (count <= 0) return ended_ = count == 0, false;
    at_ = 0;
    end_ = static_cast<std::size_t>(count);
    received_ += end_;
    return received_ <= bytes_max_ || refuse("the answer has no end");
  }

  /// Whether the status line, of which an informational answer (1xx) brings several, keeps its bound.
  bool sane_head(std::string_view bytes) {
    constexpr std::string_view beginning = "HTTP/";
    for (const char byte : bytes) {
      if (line_size_ < beginning.size()) status_line_ = status_line_ && byte == beginning[line_size_];
      if (++line_size_ > status_line_max && status_line_) return refuse("the first line of the answer has no end");
      if (byte != '\n') continue;
      line_size_ = 0;
      status_line_ = true;
    }
    return true;
  }

  bool refuse(const char* why) {
    failure_ = Failure{Failure::Kind::network, why};
    end_ = at_;
    return false;
  }

  Connection& connection_;
  const Patience& patience_;
  const std::size_t bytes_max_;
  std::array<char, 4096> buffer_{};
  std::size_t at_ = 0, end_ = 0, received_ = 0;
  std::size_t line_size_ = 0;
  bool in_head_ = true, status_line_ = true, ended_ = false;
  std::optional<Failure> failure_, write_failure_;
};

}  // namespace

/// What is asked, as long as the call that asks it.
struct Endpoint::Asked {
  const char* method;
  const std::string& target;
  const Headers& headers;
  const std::string& body;
  std::size_t body_max;  ///< of the answer
};

/// The library's client over our Connection. The library closes the socket, which is why Connection lets go of it.
class Endpoint::Wire final : public httplib::ClientImpl {
 public:
  Wire(const Url& url, std::shared_ptr<TlsContext> tls)
      : ClientImpl(url.host, url.port),
        lookup_(url.host, url.port),
        tls_(std::move(tls)),
        place_(authority(url) + ":" + std::to_string(url.port)),
        host_(host_header(url)) {
    set_keep_alive(true);
    set_url_encode(false);
    set_decompress(false);
    set_follow_location(false);
  }
  ~Wire() override { stop(); }

  Said ask(const Asked& asked, const Patience& patience) {
    if (patience.stop.stop_requested()) return Failure{Failure::Kind::stopped, "stopped before it was sent"};
    if (connection_ && (spoke_unasked_ || !connection_->usable())) stop();
    const bool reused = connection_ != nullptr;
    Said said = exchange(asked, patience);
    // The peer may close an idle connection just as a request comes: that says nothing about the request.
    const auto* failure = std::get_if<Failure>(&said);
    if (failure != nullptr && failure->kind == Failure::Kind::network && reused && !heard_ && !patience.over())
      said = exchange(asked, patience);
    return said;
  }

 private:
  Said exchange(const Asked& asked, const Patience& patience) {
    Answer answer;
    bool enough = false;  // the rest of the answer does not matter
    httplib::Request request;
    httplib::Response response;
    request.method = asked.method;
    request.path = asked.target;
    request.body = asked.body;
    request.headers = {{"Host", host_}, {"Accept-Encoding", "identity"}};
    request.headers.insert(asked.headers.begin(), asked.headers.end());
    request.response_handler = [&](const httplib::Response&) {
      stream_->head_done();
      read_head(response, answer);
      if (response.status == 304) say_no_body(response);
      enough = response.status < 200;  // never has a body, whatever the library thinks
      return !enough;
    };
    request.content_receiver = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
      answer.body.append(bytes, std::min(size, asked.body_max - answer.body.size()));
      enough = answer.body.size() == asked.body_max;
      return !enough;
    };
    patience_ = &patience;
    bytes_max_ = answer_bytes_max(asked.body_max);
    failure_ = {};
    heard_ = false;
    httplib::Error error = httplib::Error::Success;
    if (send_safely(request, response, error) || enough) return with_status(std::move(answer), response);
    if (failure_.text.empty()) failure_.text = no_answer("is not HTTP");
    return failure_;
  }

  static void read_head(const httplib::Response& response, Answer& answer) {
    answer.status = response.status;
    answer.retry_after = response.get_header_value("Retry-After");
    answer.location = response.get_header_value("Location");
    answer.etag = response.get_header_value("ETag");
    answer.content_type = response.get_header_value("Content-Type");
  }

  /// A 304 may tell the length of what it does not send (RFC 9110 section 8.6), and the library would wait for it.
  /// Giving the answer up would cost the connection with every poll that brings nothing new.
  static void say_no_body(httplib::Response& response) {
    response.headers.erase("Transfer-Encoding");
    response.headers.erase("Content-Length");
    response.headers.emplace("Content-Length", "0");
  }

  bool send_safely(httplib::Request& request, httplib::Response& response, httplib::Error& error) {
    try {
      return send(request, response, error);
    } catch (const std::exception& thrown) {  // std::regex_error, std::bad_alloc
      failure_.text = no_answer(thrown.what());
      stop();
      return false;
    }
  }

  std::string no_answer(const std::string& why) const { return "the answer of " + place_ + ": " + why; }

  /// A 204 has no body, and the library then does not call the response_handler.
  static Answer with_status(Answer answer, const httplib::Response& response) {
    if (answer.status == 0) answer.status = response.status;
    return answer;
  }

  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    Connection::Opened opened = Connection::open(lookup_, tls_.get(), place_, *patience_);
    if (const auto* failure = std::get_if<Failure>(&opened)) {
      failure_ = *failure;
      error = httplib::Error::Connection;
      return false;
    }
    connection_ = std::move(std::get<std::unique_ptr<Connection>>(opened));
    socket.sock = connection_->socket();
    return true;
  }

  bool process_socket(const Socket&, std::function<bool(httplib::Stream&)> callback) override {
    PatientStream stream(*connection_, *patience_, bytes_max_);
    stream_ = &stream;
    const bool done = callback(stream);
    stream_ = nullptr;
    heard_ = stream.heard();
    spoke_unasked_ = stream.holds_more();
    if (!done) failure_ = stream.failure();
    if (!done && failure_.text.empty() && stream.ended())
      failure_.text = heard_ ? no_answer("broke off") : no_answer("the connection was closed");
    return done;
  }

  void shutdown_ssl(Socket&, bool) override {
    if (connection_) connection_->release();
    connection_.reset();
  }

  Lookup lookup_;
  std::shared_ptr<TlsContext> tls_;
  std::string place_, host_;
  std::unique_ptr<Connection> connection_;
  const Patience* patience_ = nullptr;  // these three: of the exchange that runs
  std::size_t bytes_max_ = 0;
  PatientStream* stream_ = nullptr;
  Failure failure_;
  bool heard_ = false;          // any byte of an answer, in the last exchange
  bool spoke_unasked_ = false;  // bytes beyond the last answer: the connection is out of step
};

Endpoint::Endpoint(std::unique_ptr<Wire> wire, std::string place, std::string target)
    : wire_(std::move(wire)), place_(std::move(place)), target_(std::move(target)) {}
Endpoint::~Endpoint() = default;

Result<std::unique_ptr<Endpoint>> Endpoint::make(const Url& url, const TlsOptions& tls) {
  std::shared_ptr<TlsContext> context;
  if (url.tls) {
    Result<std::shared_ptr<TlsContext>> made = TlsContext::make(tls, url.host, "http/1.1");
    if (!made) return made.error();
    context = std::move(*made);
  }
  const std::string path = url.target.substr(0, url.target.find('?'));
  std::string place = (url.tls ? "https://" : "http://") + host_header(url) + path;
  return std::unique_ptr<Endpoint>(
      new Endpoint(std::make_unique<Wire>(url, std::move(context)), std::move(place), url.target));
}

Endpoint::Said Endpoint::post(const Headers& headers, const std::string& body, Duration timeout, std::stop_token stop) {
  return post_to(target_, headers, body, timeout, std::move(stop));
}

Endpoint::Said Endpoint::post_to(const std::string& target, const Headers& headers, const std::string& body,
                                 Duration timeout, std::stop_token stop) {
  return wire_->ask({"POST", target, headers, body, answer_body_max},
                    {std::chrono::steady_clock::now() + timeout, std::move(stop)});
}

Endpoint::Said Endpoint::get(const Headers& headers, std::size_t body_max, Duration timeout, std::stop_token stop) {
  static const std::string no_body;
  return wire_->ask({"GET", target_, headers, no_body, body_max},
                    {std::chrono::steady_clock::now() + timeout, std::move(stop)});
}

}  // namespace sluice::webhook
