#include "gateway/flow/intake.h"

#include <algorithm>

#include "gateway/core/time_text.h"
#include "gateway/flow/digest.h"
#include "gateway/flow/outcome.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::flow {

std::uint64_t digest_of(const Command& command) {
  // Not secret: it only tells whether a repeat says the same.
  Digest digest(0x736c75696365, 0x636f6d6d616e64);
  for (const std::string* part : {&command.device, &command.name, &command.params}) {
    const std::uint64_t size = part->size();
    digest.add({reinterpret_cast<const char*>(&size), sizeof size}).add(*part);
  }
  return digest.finish();
}

namespace {

/// Beyond it nothing is told apart: what counts nanoseconds, or seconds in four bytes (MQTT 5 section 3.3.2.3.3), could
/// not hold it.
constexpr Duration left_most = std::chrono::days(36'500);

std::string age_text(Duration age) {
  if (age > std::chrono::days(300)) return "nobody knows how long";
  return std::to_string(std::chrono::floor<std::chrono::seconds>(age).count()) + " s";
}

}  // namespace

Intake::Intake(Duration expire_after, Groups groups, Permission permission, const normalize::Commands& commands,
               const Devices& devices, const Clock& clock)
    : expire_after_(expire_after),
      groups_(std::move(groups)),
      permission_(std::move(permission)),
      commands_(commands),
      devices_(devices),
      clock_(clock) {}

WaitingCommand Intake::judge(const std::string& origin, const CommandMessage& message,
                             const normalize::CommandText& text) const {
  WaitingCommand command;
  command.kept.command = {text.id, origin, text.device, text.name, text.params, {}};
  command.kept.accepted_at = command.kept.progress.at = clock_.wall_time();
  command.kept.dated = clock_.synced();
  command.kept.digest = digest_of(command.kept.command);
  if (!text.refusal.empty())
    end(command, CommandState::rejected, text.status, text.refusal);
  else if (message.retained)
    end(command, CommandState::rejected, 400,
        "it was retained, and would come again at every connection: publish commands without the retain flag");
  else
    prepare(command);
  if (!command.kept.progress.ended && message.form == CommandMessage::Form::settings && !command.prepared.latest_wins)
    end(command, CommandState::rejected, 400,
        "'" + text.name + "' sets no state with these parameters: send it as a command");
  if (!command.kept.progress.ended) set_expiry(command, message, text.expires_at);
  return command;
}

WaitingCommand Intake::resume(store::KeptCommand kept) const {
  WaitingCommand command;
  command.kept = std::move(kept);
  if (!command.kept.command.expires_at) {
    end(command, CommandState::expired, 408,
        "the gateway was restarted, and its clock had not been synced when the command came");
    return command;
  }
  command.needs_clock = true;
  const store::KeptCommand& known = command.kept;
  Duration left = clock_.synced() ? *known.command.expires_at - clock_.wall_time() : expire_after_;
  // A clock that was set back meanwhile gives no more time than there was.
  if (known.dated) left = std::min(left, *known.command.expires_at - known.accepted_at);
  command.deadline = clock_.now() + std::clamp(left, -left_most, left_most);
  prepare(command);
  return command;
}

void Intake::prepare(WaitingCommand& command) const {
  const Command& wanted = command.kept.command;
  normalize::Commands::Prepared prepared = commands_.prepare(wanted.device, wanted.name, wanted.params);
  if (!prepared.command && prepared.refusal.status == 404)
    return end(command, CommandState::rejected, 404, prepared.refusal.reason);
  const std::string who = "'" + wanted.origin + "' may not send '" + wanted.name + "' to " + wanted.device;
  if (!permission_.may(wanted.origin, wanted.device, wanted.name))
    return end(command, CommandState::rejected, 403, who + ": no entry of commands.allow covers it");
  if (!is_known(wanted.device)) {
    const std::vector<std::string> names = devices_.names_of(wanted.device.substr(0, wanted.device.find('/')));
    return end(command, CommandState::rejected, 404,
               "nothing was ever heard of " + wanted.device +
                   normalize::did_you_mean(wanted.device, {names.begin(), names.end()}) +
                   "; a device that never speaks, or a group, has to stand under commands.allow or commands.groups by "
                   "its name");
  }
  if (!prepared.command) return end(command, CommandState::rejected, prepared.refusal.status, prepared.refusal.reason);
  if (!permission_.may(wanted.origin, wanted.device, wanted.name, *prepared.command))
    return end(command, CommandState::rejected, 403,
               who + (prepared.command->any_topic
                          ? " on this topic: an entry of commands.allow must name the command, and cover the topic by "
                            "its 'topics'"
                          : ": this command must be named by an entry of commands.allow; * does not do"));
  command.prepared = std::move(*prepared.command);
}

/// A family that has no messages is never heard.
bool Intake::is_known(const std::string& device) const {
  return devices_.known(device) || groups_.contains(device) || permission_.names(device) ||
         !commands_.speaks(device.substr(0, device.find('/')));
}

void Intake::set_expiry(WaitingCommand& command, const CommandMessage& message, const std::string& expires_at) const {
  const Instant now = clock_.now();
  const Timestamp wall = clock_.wall_time();
  const bool synced = clock_.synced();
  const std::optional<Timestamp> own = parse_rfc3339(expires_at);
  std::optional<Duration> left = message.expires_in;
  if (own) {
    command.needs_clock = !synced;
    const Duration until = synced ? std::chrono::floor<Duration>(*own - wall) : expire_after_;
    left = std::min(left.value_or(until), until);
  }
  left = std::clamp(left.value_or(expire_after_ - message.age), -left_most, left_most);
  command.deadline = now + *left;
  if (synced)
    command.kept.command.expires_at = wall + *left;
  else if (own)
    command.kept.command.expires_at = own;
  if (*left > Duration(0)) return;
  if (own) return end(command, CommandState::expired, 408, "it came after its end, " + rfc3339(*own));
  end(command, CommandState::expired, 408,
      message.expires_in ? "it came after its message expiry"
                         : "it may have waited at the cloud while the gateway was away (" + age_text(message.age) +
                               "), and says no end of its own: give it an expires_at, or a message expiry");
}

void Intake::end(WaitingCommand& command, CommandState state, int status, std::string reason) const {
  command.kept.progress = ending(state, status, std::move(reason), clock_.wall_time());
}

}  // namespace sluice::flow
