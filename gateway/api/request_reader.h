#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/api/http_server.h"

namespace sluice::api {

/// Reads requests off a stream of bytes, by RFC 9112 and strictly: whatever two servers might read in two ways is
/// refused. Holds at most one request, within the limits, however the bytes come. No socket, no clock, any single
/// thread.
class RequestReader {
 public:
  enum class State {
    head,      ///< wants more bytes
    body,      ///< wants more bytes; `expects_continue` may be true
    complete,  ///< `take` it
    refused,   ///< answer `refusal` and close: where the next request begins is not known
  };

  RequestReader(std::size_t header_bytes_max, std::size_t body_bytes_max);

  /// Takes in `bytes` as far as they belong to the present request; says how many. Takes none when complete or refused.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  const Response& refusal() const { return refusal_; }
  /// The peer waits for "100 Continue" before it sends the body.
  bool expects_continue() const { return expects_continue_; }
  /// Whether the connection stays open after this request.
  bool keeps_alive() const { return keeps_alive_; }
  /// Whether any byte of a request has come.
  bool begun() const { return state_ != State::head || !line_.empty() || head_bytes_ > 0; }

  /// The complete request; the next one may follow.
  Request take();

 private:
  enum class Part { request_line, header, fixed_body, chunk_size, chunk, chunk_end, trailer };

  std::size_t feed_line(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  void read_line();
  void read_request_line();
  void read_header();
  void end_head();
  bool read_framing();
  void read_chunk_size();
  void refuse(int status, std::string_view detail);
  void complete() { state_ = State::complete; }

  std::size_t header_bytes_max_, body_bytes_max_;
  State state_ = State::head;
  Part part_ = Part::request_line;
  std::string line_;            ///< the line that is being read, without its end
  std::size_t head_bytes_ = 0;  ///< of lines that are done: head and trailers
  std::uint64_t body_left_ = 0;
  bool http10_ = false, keeps_alive_ = true, expects_continue_ = false;
  Request request_;
  Response refusal_;
};

}  // namespace sluice::api
