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
  std::string method, path;  ///< path: percent-decoded segment by segment, without the query
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  ///< names in lower case
  std::string body;
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

/// A bounded HTTP/1.1 server: connections, header and body bytes and the time of each request have limits, whatever a
/// peer does. The handler is called by any of its threads. A handler that throws answers 500.
class HttpServer {
 public:
  struct Limits {
    std::size_t connections_max = 64;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 64 * 1024;
    Duration request_time_max = std::chrono::seconds(10);
    std::size_t threads = 4;
  };
  using Handler = std::function<Response(const Request&)>;

  /// Binds (a taken port is an error that names it) and listens; `address` is "host:port", port 0 takes a free one.
  static Result<std::unique_ptr<HttpServer>> start(std::string_view address, Limits limits, Handler handler);
  ~HttpServer();  ///< closes every connection and joins its threads, within a second

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// GET for the command line: http://`address``path`, within `timeout`; the body of a 200, else an error in words.
Result<std::string> http_get(std::string_view address, std::string_view path, std::string_view token, Duration timeout);

}  // namespace sluice::api
