#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/api/http_server.h"
#include "gateway/api/listen_socket.h"
#include "gateway/api/request_reader.h"

namespace sluice::api {

/// One peer's connection: reads a request, waits for its response, writes it, and again. Never blocks; the owner calls
/// it when its socket is ready and when its deadline is over. One thread.
class HttpConnection {
 public:
  HttpConnection(int socket, const HttpServer::Limits& limits, Instant now);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  int socket() const { return socket_; }
  short wanted_events() const;  ///< for poll(2)
  Instant deadline() const { return deadline_; }
  bool done() const { return phase_ == Phase::done; }
  /// Nothing of it is being worked on here: it can be closed for a better one.
  bool waits_for_peer() const { return phase_ == Phase::reading || phase_ == Phase::draining; }
  /// A request waits for its response; `take_request` gives it once.
  bool has_request() const { return phase_ == Phase::answering && !request_taken_; }
  Request take_request();

  void on_ready(short events, Instant now);
  void on_deadline(Instant now);
  void respond(const Response& response, Instant now);
  /// Says so to a peer that is one too many, and closes.
  void turn_away(Instant now);

 private:
  enum class Phase {
    reading,
    answering,  ///< the handler has it
    writing,
    draining,  ///< all is said: what still comes is thrown away, so that the peer gets to read our last words
    done,
  };

  void receive(Instant now);
  void read_on(std::string_view bytes, Instant now);
  void say(std::string text, Instant now);
  void write_on(Instant now);
  void drain();

  int socket_;
  HttpServer::Limits limits_;
  PeerAddress peer_;
  RequestReader reader_;
  Phase phase_ = Phase::reading;
  Instant deadline_;
  std::string in_;   ///< received before its turn: the beginning of a further request
  std::string out_;  ///< to be sent
  std::size_t sent_ = 0, drained_ = 0;
  bool keeps_alive_ = true, head_only_ = false, request_taken_ = false;
};

}  // namespace sluice::api
