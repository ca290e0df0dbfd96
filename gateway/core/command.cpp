#include "gateway/core/command.h"

#include <utility>

#include "gateway/core/json_object.h"

namespace sluice {

std::string_view name_of(CommandState state) {
  switch (state) {
    case CommandState::accepted:
      return "accepted";
    case CommandState::sent:
      return "sent";
    case CommandState::succeeded:
      return "succeeded";
    case CommandState::failed:
      return "failed";
    case CommandState::expired:
      return "expired";
    case CommandState::rejected:
      return "rejected";
    case CommandState::unanswered:
      return "unanswered";
  }
  return "";
}

CommandAnswer refused_command(const CommandName& name, int status, std::string reason, std::optional<Timestamp> at) {
  CommandAnswer answer;
  answer.id = name.id;
  answer.state = CommandState::rejected;
  answer.ended = true;
  answer.status = status;
  {
    JsonObject outcome(answer.text);
    if (!name.id.empty()) outcome.text("id", name.id);
    if (!name.device.empty()) outcome.text("device", name.device);
    if (!name.command.empty()) outcome.text("command", name.command);
    outcome.text("outcome", name_of(answer.state));
    outcome.text("reason", reason);
    if (at) outcome.time("at", *at);
  }
  answer.reason = std::move(reason);
  return answer;
}

}  // namespace sluice
