#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/result.h"

namespace sluice::api {

struct Request {
  std::string method;
  std::string path;                   ///< percent-decoded, without the query; a %2F has become a /
  std::vector<std::string> segments;  ///< of the path, decoded one by one: "/a%2Fb/c" is {"a/b", "c"}, "/" is {}
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;                                 ///< as sent: a Content-Encoding is the reader's to undo
  std::string remote_address;
  bool from_loopback = false;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// RFC 9457 problem document.
Response problem(int status, std::string_view title, std::string_view detail = {});

/// A bounded HTTP/1.1 server (RFC 9112): connections, header and body bytes and the time of each request have limits,
/// whatever a peer does. One thread owns all sockets and waits for none of them; a request reaches the handler when it
/// is complete, so that slow peers hold up nobody. The handler is called by any of `threads` threads and should return
/// soon; one that throws answers 500. What breaks the protocol or a limit is answered without asking the handler.
class HttpServer {
 public:
  struct Limits {
    /// A further one takes the place of the one that has waited longest for its peer, which is closed; where none
    /// waits for its peer, the further one is answered 503, or closed.
    std::size_t connections_max = 64;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 64 * 1024;
    Duration request_time_max = std::chrono::seconds(10);  ///< to arrive; to be taken in; to be idle in between
    std::size_t threads = 12;  ///< more than may wait for a command (CommandPost), so that /healthz never does
  };
  using Handler = std::function<Response(const Request&)>;

  /// Binds (a taken port is an error that names it) and listens; `address` is "host:port", port 0 takes a free one. Of
  /// a host name the first IPv4 address is taken, if it has one.
  static Result<std::unique_ptr<HttpServer>> start(std::string_view address, Limits limits, Handler handler);
  /// Closes every connection and joins its threads, as soon as the handlers that run have returned.
  ~HttpServer();

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct HttpCall {
  std::string method = "GET";
  std::string path;   ///< percent-encoded
  std::string token;  ///< empty: none is shown
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};  ///< with a Content-Length where the method is not GET
};
struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// A request of the command line to its gateway at "host:port", within `timeout`. As Host it says localhost: the
/// address a gateway listens on ("0.0.0.0:8420") need be no name it answers to. Errors: unavailable, where no whole
/// answer came.
Result<HttpAnswer> http_call(std::string_view address, const HttpCall& call, Duration timeout);

/// GET: the body of a 200, else an error in words.
Result<std::string> http_get(std::string_view address, std::string_view path, std::string_view token, Duration timeout);

}  // namespace sluice::api
