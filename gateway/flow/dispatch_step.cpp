// What Dispatch does with commands: waits for the device, sends, listens, ends.
#include <algorithm>
#include <map>
#include <set>

#include "gateway/core/json_text.h"
#include "gateway/core/topic_filter.h"
#include "gateway/flow/dispatch.h"
#include "gateway/flow/outcome.h"

namespace sluice::flow {

using namespace std::chrono_literals;

namespace {

constexpr Duration rest_max = 1s;
constexpr Duration storing_retry = 500ms;
constexpr Duration least_left = 1s;  // message expiry counts in whole seconds (MQTT 5 section 3.3.2.3.3)
constexpr std::size_t sends_max = 50;
constexpr std::size_t heard_max = 2000;
constexpr std::size_t heard_bytes_max = std::size_t{8} << 20;
/// A device says that it is there before it listens: Tasmota's firmware publishes its LWT and subscribes then.
constexpr Duration listening_after = 1s;
/// What is retained about a device comes right after the subscription is granted.
constexpr Duration presence_grace = 5s;

std::string array_of(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
  }
  return out += ']';
}

}  // namespace

void Dispatch::heard(const Message& message) {
  {
    const std::lock_guard lock(heard_mutex_);
    ++heard_count_;
    if (heard_.size() >= heard_max || heard_bytes_ + message.payload.size() > heard_bytes_max) {
      if (!deaf_) log_.warning("commands", "more comes on the topics of replies than can be listened to");
      deaf_ = true;
      return;
    }
    heard_bytes_ += message.payload.size();
    heard_.push_back({message, heard_count_});
  }
  wake();
}

Duration Dispatch::step(const std::stop_token& stop) {
  if (!sink_.ready())
    ready_since_.reset();
  else if (!ready_since_)
    ready_since_ = clock_.now();
  storing_fails_ = false;
  listen();
  look_at_clock();
  commit_ends();
  while (!stop.stop_requested() && !storing_fails_ && send(stop)) {
    listen();
    commit_ends();
  }
  return storing_fails_ ? storing_retry : rest();
}

void Dispatch::listen() {
  std::deque<Heard> all;
  {
    const std::lock_guard lock(heard_mutex_);
    all.swap(heard_);
    heard_bytes_ = 0;
    deaf_ = false;
  }
  for (const Heard& each : all) understand(each);
}

/// By the present rules where it tells of presence, and by those that each command on its way was sent by.
void Dispatch::understand(const Heard& heard) {
  const Message& message = heard.message;
  std::shared_ptr<Rulebook> present;
  std::map<std::shared_ptr<Rulebook>, std::vector<WaitingCommand*>> asking;
  {
    const std::lock_guard lock(mutex_);
    present = rules_;
    for (const std::string& filter : present->presence_filters)
      if (covers(filter, message.topic)) asking[present];
    for (auto& [number, command] : waiting_)
      if (!message.retained && command.stage == Stage::sent && heard.number > command.heard_before)
        asking[command.rules].push_back(&command);
  }
  for (const auto& [rules, commands] : asking) {
    records_.clear();
    if (rules->replies.normalize(message, records_).kind != normalize::Fate::Kind::understood) continue;
    if (rules == present)
      for (store::KnownDevice& device : devices_.note_presence(records_)) presence_.push_back(std::move(device));
    const std::lock_guard lock(mutex_);
    for (WaitingCommand* command : commands)
      for (const Record& record : records_)
        if (command->stage == Stage::sent) take_reply(*command, record);
  }
}

void Dispatch::take_reply(WaitingCommand& command, const Record& record) {
  const std::string& device = command.kept.command.device;
  const Intake::Groups& groups = command.rules->groups;
  const auto group = groups.find(device);
  const bool of_group = group != groups.end() || !devices_.known(device);
  std::string readings;
  const normalize::Match said = normalize::match(*command.prepared.reply, record, of_group ? "" : device, readings);
  if (said == normalize::Match::no) return;
  const bool member = group == groups.end() ||
                      std::find(group->second.begin(), group->second.end(), record.device) != group->second.end();
  if (!member) return;
  if (command.readings.empty()) command.readings = std::move(readings);
  if (of_group && std::find(command.answered.begin(), command.answered.end(), record.device) == command.answered.end())
    command.answered.push_back(record.device);
  if (said == normalize::Match::failed)
    return end(command, CommandState::failed, of_group ? record.device + " refused it" : "the device refused it");
  if (!of_group || (group != groups.end() && command.answered.size() == group->second.size()))
    end(command, CommandState::succeeded);
}

void Dispatch::look_at_clock() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.now();
  for (auto& [number, command] : waiting_) {
    if (command.stage == Stage::waiting && command.left(clock_) < least_left) {
      const std::string why = why_it_waits(command);
      end(command, CommandState::expired,
          "its time was over before it could be sent" + (why.empty() ? why : "; it waited: " + why));
    }
    if (command.stage != Stage::sent || now < command.answer_by) continue;
    const Intake::Groups& groups = command.rules->groups;
    const auto group = groups.find(command.kept.command.device);
    if (command.answered.empty())
      end(command, CommandState::unanswered, "it was sent, and the device did not say that it did it");
    else if (group == groups.end())
      end(command, CommandState::succeeded);
    else
      end(command, CommandState::unanswered,
          std::to_string(command.answered.size()) + " of " + std::to_string(group->second.size()) + " answered");
  }
}

/// In words; empty: for its turn alone.
std::string Dispatch::why_it_waits(const WaitingCommand& command) const {
  if (command.needs_clock && !clock_.synced())
    return "the gateway's clock is not synced, by which its expires_at must be judged";
  if (!sink_.ready()) return "the client for commands is not connected to the local broker";
  const Presence presence = devices_.presence(command.kept.command.device);
  if (presence == Presence::offline || presence == Presence::was_offline) return "the device is offline";
  return {};
}

bool Dispatch::reachable(const WaitingCommand& command) const {
  const Presence presence = devices_.presence(command.kept.command.device);
  if (presence == Presence::was_offline) return clock_.now() - *ready_since_ > presence_grace;
  if (presence == Presence::offline) return false;
  const std::optional<Duration> back = devices_.back_for(command.kept.command.device);
  return !back || *back >= listening_after;
}

std::vector<WaitingCommand*> Dispatch::next_to_send() {
  std::vector<WaitingCommand*> chosen;
  if (!ready_since_ || !sink_.ready()) return chosen;
  const bool synced = clock_.synced();
  std::set<std::string_view> busy;
  for (auto& [number, command] : waiting_) {
    // One that waits for the clock holds up nobody: those without an end of their own need no clock.
    if (command.stage == Stage::waiting && command.needs_clock && !synced) continue;
    const bool first = busy.insert(command.kept.command.device).second;
    if (!first || command.stage != Stage::waiting || !reachable(command)) continue;
    chosen.push_back(&command);
    if (chosen.size() == sends_max) break;
  }
  return chosen;
}

bool Dispatch::send(const std::stop_token& stop) {
  store::Batch batch;
  std::vector<WaitingCommand*> chosen;
  {
    const std::lock_guard lock(mutex_);
    chosen = next_to_send();
    for (WaitingCommand* command : chosen) {
      command->stage = Stage::sending;
      store::CommandProgress intent;
      intent.state = CommandState::sent;
      intent.at = clock_.wall_time();
      batch.changes.push_back({command->kept.number, intent});
    }
  }
  if (chosen.empty()) return false;
  if (const auto stored = store_.append(batch); !stored) {
    const std::lock_guard lock(mutex_);
    for (WaitingCommand* command : chosen) {
      command->stage = Stage::waiting;
      if (command->rules != rules_) judge_again(*command);  // they changed in the meantime
    }
    storing_fails_ = true;
    return false;
  }
  for (WaitingCommand* command : chosen) publish(*command, stop);
  return true;
}

void Dispatch::publish(WaitingCommand& command, const std::stop_token& stop) {
  {
    const std::lock_guard lock(heard_mutex_);
    command.heard_before = heard_count_;
  }
  CommandPublish& publish = command.prepared.publish;
  publish.expires_in = std::chrono::floor<std::chrono::seconds>(command.left(clock_));
  const bool in_time = publish.expires_in >= least_left;
  const CommandSink::Sent sent = in_time ? sink_.publish(publish, stop) : CommandSink::Sent::not_sent;

  const std::lock_guard lock(mutex_);
  command.kept.progress.state = CommandState::sent;
  if (!in_time) return end(command, CommandState::expired, "its time was over before it could be sent");
  if (sent == CommandSink::Sent::not_sent)
    return end(command, CommandState::failed, "the local broker did not take it: it was not sent");
  if (command.prepared.reply) {
    command.stage = Stage::sent;
    command.answer_by = clock_.now() + command.prepared.reply_within;
  } else if (sent == CommandSink::Sent::acknowledged) {
    end(command, CommandState::sent);
  } else {
    end(command, CommandState::unanswered,
        "the local broker did not acknowledge it: whether the device got it is not known");
  }
}

void Dispatch::end(WaitingCommand& command, CommandState state, std::string reason) {
  store::CommandProgress& progress = command.kept.progress;
  progress = ending(state, status_of(state), std::move(reason), clock_.wall_time());
  progress.reply = command.readings;
  if (!command.answered.empty()) progress.from = array_of(command.answered);
  command.stage = Stage::ending;
}

bool Dispatch::commit_ends() {
  store::Batch batch;
  std::vector<store::KeptCommand> ended;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, command] : waiting_) {
      if (command.stage != Stage::ending) continue;
      batch.changes.push_back({number, command.kept.progress});
      batch.records.push_back(outcome_record(command.kept, clock_));
      batch.records.back().id = ids_.next();
      ended.push_back(command.kept);
    }
  }
  batch.devices.swap(presence_);
  if (ended.empty() && batch.devices.empty()) return true;
  if (const auto stored = store_.append(batch); !stored) {
    presence_.swap(batch.devices);
    storing_fails_ = true;
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    for (const store::KeptCommand& kept : ended) {
      waiting_.erase(kept.number);
      numbers_.erase(kept.command.id);
    }
  }
  ended_.notify_all();
  for (const store::KeptCommand& kept : ended) audit(kept);
  if (!ended.empty() && on_owed_) on_owed_();
  return true;
}

/// Who asked for what, and how it ended: one line each, whatever the level of detail.
void Dispatch::audit(const store::KeptCommand& kept) {
  const store::CommandProgress& progress = kept.progress;
  std::string line = kept.command.origin + ": " + kept.command.name + " to " + kept.command.device + " (" +
                     kept.command.id + "): " + std::string(name_of(progress.state));
  if (!progress.from.empty()) line += " by " + progress.from;
  if (!progress.reason.empty()) line += ": " + progress.reason;
  const bool well = progress.state == CommandState::succeeded || progress.state == CommandState::sent;
  log_.write(well ? LogLevel::info : LogLevel::warning, "commands", line);
}

Duration Dispatch::rest() const {
  const std::lock_guard lock(mutex_);
  Duration rest = rest_max;
  for (const auto& [number, command] : waiting_) {
    if (command.stage == Stage::waiting) {
      rest = std::min(rest, command.left(clock_) - least_left);
      if (const auto back = devices_.back_for(command.kept.command.device); back && *back < listening_after)
        rest = std::min(rest, listening_after - *back);
    }
    if (command.stage == Stage::sent)
      rest = std::min(rest, std::chrono::ceil<Duration>(command.answer_by - clock_.now()));
  }
  return std::max(rest, Duration(1));
}

}  // namespace sluice::flow
