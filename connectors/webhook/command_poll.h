#pragma once

#include <stop_token>
#include <string>

#include "connectors/webhook/channel.h"
#include "connectors/webhook/pace.h"
#include "connectors/webhook/trouble.h"

namespace sluice::webhook {

/// Where outcomes go of commands that an endpoint with an address to poll has brought: the reply_to of its messages.
inline constexpr const char* reply_by_outcome = "poll";

/// Of one answer to a poll.
inline constexpr std::size_t commands_bytes_max = 1024 * 1024;

/// Asks an endpoint for commands, again and again. The answers' meaning is in README.md. What was taken is not
/// confirmed here: an endpoint may repeat a command until it has heard of its outcome. One thread.
class CommandPoll {
 public:
  /// `channel` is that of the address to poll.
  CommandPoll(std::string cloud, Channel channel, Duration every, Log& log);

  /// Until a stop is requested.
  void run(CommandAcceptor& acceptor, const std::stop_token& stop);

  /// Asks once; how long to rest then. Blocks for as long as the endpoint holds the request, `timeout` at most.
  Duration step(CommandAcceptor& acceptor, const std::stop_token& stop);

 private:
  Headers question() const;
  Duration take(CommandAcceptor& acceptor, Answer answer, Duration took);
  Duration refused(const Answer& answer);
  Duration failed(const Failure& failure);
  Duration nothing(Duration took);

  std::string cloud_;
  Channel channel_;
  Duration every_;
  std::string wait_;  ///< the Prefer header
  std::string etag_;  ///< of the last answer whose commands were all taken; empty: none
  Pace pace_;
  Trouble trouble_;
};

}  // namespace sluice::webhook
