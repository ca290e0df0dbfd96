#pragma once

#include <string>

#include "connectors/webhook/answer.h"
#include "connectors/webhook/trouble.h"
#include "gateway/core/ports.h"

namespace sluice::webhook {

/// Whether an answer is JSON, by its Content-Type, with a member "commands" in its object. The JSON need not be sound:
/// that is for whoever reads it.
bool holds_commands(const Answer& answer);

/// Hands on the commands that an endpoint gives with its answers to deliveries. There is no second chance for these:
/// the endpoint has its answer, so what cannot be taken is told in the log and lost. One thread.
class AnsweredCommands {
 public:
  /// `reply_to` goes with each message.
  AnsweredCommands(CommandAcceptor& acceptor, std::string cloud, std::string reply_to, Log& log);

  void hand_on(const Answer& answer);

 private:
  CommandAcceptor& acceptor_;
  std::string cloud_, reply_to_;
  Trouble trouble_;
};

}  // namespace sluice::webhook
