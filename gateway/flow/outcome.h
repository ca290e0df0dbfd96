#pragma once

#include <string>
#include <string_view>

#include "gateway/core/command.h"
#include "gateway/core/record.h"
#include "gateway/store/kept_command.h"

namespace sluice::flow {

/// `data` of an outcome: {"id","device","command","outcome","reason","reply","answered_by","at"}; of a command that has
/// not ended the same with how far it has come.
std::string outcome_text(const store::KeptCommand& kept);

/// The outcome as a record that goes up like any other (type sluice.outcome.v1), without an id.
Record outcome_record(const store::KeptCommand& kept, const Clock& clock);

/// What a source is told.
CommandAnswer answer_of(const store::KeptCommand& kept);

/// The progress of a command that ends here.
store::CommandProgress ending(CommandState state, int status, std::string reason, Timestamp at);

/// The status that goes with a final state, unless a refusal says another.
int status_of(CommandState state);

}  // namespace sluice::flow
