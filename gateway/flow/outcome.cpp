#include "gateway/flow/outcome.h"

#include <utility>

#include "gateway/core/json_object.h"
#include "gateway/core/unsynced.h"

namespace sluice::flow {

std::string outcome_text(const store::KeptCommand& kept) {
  const store::CommandProgress& progress = kept.progress;
  std::string out;
  {
    JsonObject outcome(out);
    outcome.text("id", kept.command.id);
    outcome.text("device", kept.command.device);
    outcome.text("command", kept.command.name);
    outcome.text("outcome", name_of(progress.state));
    if (!progress.reason.empty()) outcome.text("reason", progress.reason);
    if (!progress.reply.empty()) outcome.json("reply", progress.reply);
    if (!progress.from.empty()) outcome.json("answered_by", progress.from);
    outcome.time("at", progress.at);
  }
  return out;
}

Record outcome_record(const store::KeptCommand& kept, const Clock& clock) {
  Record record;
  record.kind = RecordKind::outcome;
  record.device = kept.command.device;
  record.schema = "sluice/outcome";
  record.time = kept.progress.at;
  record.data = outcome_text(kept);
  mark_if_unsynced(record, clock);
  return record;
}

CommandAnswer answer_of(const store::KeptCommand& kept) {
  CommandAnswer answer;
  answer.id = kept.command.id;
  answer.state = kept.progress.state;
  answer.ended = kept.progress.ended;
  answer.status = kept.progress.ended ? kept.progress.status : 202;
  answer.reason = kept.progress.reason;
  answer.text = outcome_text(kept);
  return answer;
}

store::CommandProgress ending(CommandState state, int status, std::string reason, Timestamp at) {
  store::CommandProgress progress;
  progress.state = state;
  progress.ended = true;
  progress.status = status;
  progress.reason = std::move(reason);
  progress.at = at;
  return progress;
}

int status_of(CommandState state) {
  switch (state) {
    case CommandState::accepted:
      return 202;
    case CommandState::sent:
    case CommandState::succeeded:
      return 200;
    case CommandState::failed:
      return 502;
    case CommandState::expired:
      return 408;
    case CommandState::rejected:
      return 403;
    case CommandState::unanswered:
      break;
  }
  return 504;
}

}  // namespace sluice::flow
