#include "gateway/flow/outcome.h"

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"

namespace sluice::flow {

namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

}  // namespace

std::string outcome_text(const store::KeptCommand& kept) {
  const store::CommandProgress& progress = kept.progress;
  std::string out = "{\"id\":";
  append_json_string(out, kept.command.id);
  append_member(out, "device", kept.command.device);
  append_member(out, "command", kept.command.name);
  append_member(out, "outcome", name_of(progress.state));
  if (!progress.reason.empty()) append_member(out, "reason", progress.reason);
  if (!progress.reply.empty()) out += ",\"reply\":" + progress.reply;
  if (!progress.from.empty()) out += ",\"answered_by\":" + progress.from;
  append_member(out, "at", rfc3339(progress.at));
  return out += '}';
}

Record outcome_record(const store::KeptCommand& kept) {
  Record record;
  record.kind = RecordKind::outcome;
  record.device = kept.command.device;
  record.schema = "sluice/outcome";
  record.time = kept.progress.at;
  record.data = outcome_text(kept);
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

CommandAnswer refusal_answer(std::string_view id, std::string_view device, std::string_view command, int status,
                             std::string_view reason, Timestamp at) {
  CommandAnswer answer;
  answer.id = id;
  answer.state = CommandState::rejected;
  answer.ended = true;
  answer.status = status;
  answer.reason = reason;
  answer.text = "{\"outcome\":\"rejected\"";
  if (!id.empty()) append_member(answer.text, "id", id);
  if (!device.empty()) append_member(answer.text, "device", device);
  if (!command.empty()) append_member(answer.text, "command", command);
  append_member(answer.text, "reason", reason);
  append_member(answer.text, "at", rfc3339(at));
  answer.text += '}';
  return answer;
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
