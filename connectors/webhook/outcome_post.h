#pragma once

#include <stop_token>
#include <string>

#include "connectors/webhook/channel.h"
#include "connectors/webhook/trouble.h"

namespace sluice::webhook {

/// Tells an endpoint what has become of the commands it brought. The answers' meaning is in README.md. One thread.
class OutcomePost {
 public:
  /// `channel` is that of the address to poll, `poll` that address.
  OutcomePost(const std::string& cloud, Channel channel, const Url& poll, Log& log);

  /// One attempt.
  Verdict tell(const CommandAnswer& answer, std::stop_token stop);

 private:
  Verdict judge(const Answer& answer, const std::string& id);
  Verdict nameless(const CommandAnswer& answer);

  Channel channel_;
  std::string path_, query_;  ///< of the address to poll; the query with its "?"
  Trouble trouble_;           ///< outcomes that nobody wants to know
};

}  // namespace sluice::webhook
