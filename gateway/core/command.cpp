#include "gateway/core/command.h"

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

}  // namespace sluice
