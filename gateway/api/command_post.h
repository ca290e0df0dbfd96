#pragma once

#include <atomic>
#include <string>

#include "gateway/api/downlink.h"
#include "gateway/api/http_server.h"

namespace sluice::api {

/// POST …/commands/{command}: the body is the command's params (nothing: {}), `Idempotency-Key` its id, `Prefer:
/// wait=5` (RFC 7240 section 4.3) a wish to hear the outcome. Answers 200 with the outcome where it has ended, whatever
/// the outcome; 202 with its Location where it has not; a problem document with the status of the refusal where it was
/// rejected, with the reason as `detail` and the members `id` and `outcome` (the outcome as an object). Who may is not
/// its business. Any thread.
class CommandPost {
 public:
  static constexpr Duration wait_max = std::chrono::seconds(60);
  /// Whoever comes while so many wait is answered at once: the server's other threads stay free.
  static constexpr int waits_max = 8;

  explicit CommandPost(const Downlink& downlink) : downlink_(downlink) {}

  Response answer(const Request& request, const std::string& device, const std::string& command);

 private:
  /// False where too many wait already; else `answer` is what there was at the end of `wait`.
  bool await(CommandAnswer& answer, Duration wait);

  const Downlink& downlink_;
  std::atomic<int> waiting_ = 0;
};

/// Where a command is looked up: /api/v1/commands/{id}, percent-encoded.
std::string command_location(const std::string& id);

}  // namespace sluice::api
