// How commands come in, and how one learns of them. What is done with them is in dispatch_step.cpp.
#include "gateway/flow/dispatch.h"

#include <algorithm>
#include <utility>

#include "gateway/core/topic_filter.h"
#include "gateway/flow/notice.h"
#include "gateway/flow/outcome.h"
#include "gateway/normalize/schema.h"

namespace sluice::flow {

using namespace std::chrono_literals;

namespace {

constexpr Duration refused_notice_interval = 10s;
constexpr std::size_t settings_max = 10'000;

std::string key_of(const std::string& origin, const std::string& device, const std::string& name) {
  return origin + '\n' + device + '\n' + name;
}

}  // namespace

/// One accept under way.
struct Dispatch::Taking {
  const std::string& origin;
  const CommandMessage& message;
  store::Batch batch{};
  std::vector<WaitingCommand> fresh{};
  std::map<std::int64_t, std::string> superseded{};  ///< by which id
  std::vector<CommandAnswer> answers{};
};

Dispatch::Dispatch(Options options, std::shared_ptr<Rulebook> rules, Devices& devices, store::Store& store,
                   CommandSink& sink, RecordIds& ids, const Clock& clock, Log& log)
    : options_(std::move(options)),
      devices_(devices),
      store_(store),
      sink_(sink),
      ids_(ids),
      clock_(clock),
      log_(log),
      rules_(std::move(rules)) {}

void Dispatch::change(std::shared_ptr<Rulebook> rules) {
  {
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
    for (auto& [number, command] : waiting_) {
      if (command.stage == Stage::waiting) judge_again(command);
    }
  }
  wake();
}

void Dispatch::judge_again(WaitingCommand& command) {
  rules_->intake.judge_again(command);
  command.rules = rules_;
  if (command.kept.progress.ended) command.stage = Stage::ending;
}

Result<> Dispatch::recover() {
  const auto numbers = store_.inbox_numbers();
  if (!numbers) return numbers.error();
  last_command_ = numbers->command;
  last_answer_ = numbers->answer;
  const auto settings = store_.settings();
  if (!settings) return settings.error();
  for (const store::KeptSetting& each : *settings) settings_[key_of(each.cloud, each.device, each.command)] = each;
  auto open = store_.open_commands();
  if (!open) return open.error();
  for (store::KeptCommand& kept : *open) {
    const std::int64_t number = kept.number;
    numbers_[kept.command.id] = number;
    if (kept.progress.state == CommandState::sent) {
      WaitingCommand& command = waiting_[number];
      command.kept = std::move(kept);
      end(command, CommandState::unanswered,
          "the gateway ended after it was to be sent: whether the device got it is not known");
      continue;
    }
    WaitingCommand& command = waiting_[number] = rules_->intake.resume(std::move(kept));
    command.rules = rules_;
    if (command.kept.progress.ended) command.stage = Stage::ending;
  }
  return {};
}

Result<std::vector<CommandAnswer>> Dispatch::accept(const std::string& origin, const CommandMessage& message) {
  std::vector<normalize::CommandText> texts = normalize::read_commands(message);
  Taking taking{origin, message};
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t command_before = last_command_, answer_before = last_answer_;
    const Instant told_before = told_refused_;
    const std::uint64_t untold_before = refused_untold_;
    Result<> done;
    for (std::size_t i = 0; i < texts.size() && done; ++i) done = take(taking, std::move(texts[i]));
    if (done) done = store_.append(taking.batch);
    if (!done) {
      last_command_ = command_before;
      last_answer_ = answer_before;
      told_refused_ = told_before;
      refused_untold_ = untold_before;
      log_.warning("commands", origin + ": not taken, and not executed: " + done.error().message);
      return done.error();
    }
    for (store::KeptSetting& setting : taking.batch.settings)
      settings_[key_of(setting.cloud, setting.device, setting.command)] = std::move(setting);
    for (WaitingCommand& command : taking.fresh) {
      const std::int64_t number = command.kept.number;
      numbers_[command.kept.command.id] = number;
      waiting_.emplace(number, std::move(command));
    }
    for (const auto& [number, by] : taking.superseded)
      end(waiting_.at(number), CommandState::expired, "a later one took its place: " + by);
    wake_ = true;
  }
  woken_.notify_all();
  for (const store::KeptCommand& kept : taking.batch.commands)
    if (kept.progress.ended) audit(kept);
  if (!taking.batch.answers.empty() && on_owed_) on_owed_();
  return std::move(taking.answers);
}

Result<> Dispatch::take(Taking& taking, normalize::CommandText text) {
  using Form = CommandMessage::Form;
  const Form form = taking.message.form;
  if (text.id.empty() && (form == Form::params || form == Form::method)) text.id = ids_.next().text();
  // A twin holds other properties than settings of devices, and brings all of them at each connection.
  if (form == Form::settings && (text.device.find('/') == std::string::npos || text.name.empty())) return {};
  if (text.id.empty() || text.device.empty() || text.name.empty()) return refuse_unreadable(taking, text), Result<>();
  const std::uint64_t digest = digest_of({text.id, taking.origin, text.device, text.name, text.params, {}});
  if (form == Form::settings && text.refusal.empty() && set_already(taking, text, digest)) return {};

  const auto known = find(taking, text.id);
  if (!known) return known.error();
  if (*known) {
    if (text.refusal.empty() && (*known)->digest != digest) return refuse_another(taking, text), Result<>();
    taking.answers.push_back(answer_of(**known));
    owe(taking, text.id);
    return {};
  }
  WaitingCommand command = rules_->intake.judge(taking.origin, taking.message, text);
  command.rules = rules_;
  store::CommandProgress& progress = command.kept.progress;
  if (!progress.ended && waiting_.size() + taking.fresh.size() >= options_.waiting_max) {
    progress = ending(CommandState::rejected, 429, std::to_string(options_.waiting_max) + " commands wait already",
                      clock_.wall_time());
  }
  command.kept.number = ++last_command_;
  taking.batch.commands.push_back(command.kept);
  if (progress.ended) report_refusal(taking, command.kept);
  owe(taking, text.id);
  taking.answers.push_back(answer_of(command.kept));
  if (progress.ended) return {};
  if (command.prepared.latest_wins) supersede(taking, command);
  taking.fresh.push_back(std::move(command));
  return {};
}

Result<std::optional<store::KeptCommand>> Dispatch::find(const Taking& taking, std::string_view id) const {
  for (const store::KeptCommand& kept : taking.batch.commands)
    if (kept.command.id == id) return std::optional(kept);
  if (const auto number = numbers_.find(id); number != numbers_.end())
    // An end is told when it is stored.
    if (const auto found = waiting_.find(number->second);
        found != waiting_.end() && found->second.stage != Stage::ending)
      return std::optional(shown(found->second));
  return store_.find_command(id);
}

store::KeptCommand Dispatch::shown(const WaitingCommand& command) const {
  store::KeptCommand kept = command.kept;
  if (command.stage == Stage::waiting) kept.progress.reason = why_it_waits(command);
  return kept;
}

bool Dispatch::set_already(Taking& taking, normalize::CommandText& text, std::uint64_t digest) {
  const auto before = settings_.find(key_of(taking.origin, text.device, text.name));
  if (before != settings_.end() && before->second.digest == digest) return true;
  if (before != settings_.end() || settings_.size() < settings_max)
    taking.batch.settings.push_back({taking.origin, text.device, text.name, digest, text.id});
  return false;
}

void Dispatch::owe(Taking& taking, const std::string& id) {
  if (taking.message.reply_to.empty()) return;
  taking.batch.answers.push_back({++last_answer_, taking.origin, taking.message.reply_to, id});
}

void Dispatch::report_refusal(Taking& taking, const store::KeptCommand& kept) {
  Allowance& allowance = allowances_[taking.origin];
  const Instant now = clock_.now();
  if (allowance.since != Instant{}) allowance.left += std::chrono::duration<double>(now - allowance.since).count();
  allowance.left = std::min(allowance.left, allowance_most);
  allowance.since = now;
  if (allowance.left < 1) {
    ++allowance.untold;
    return;
  }
  allowance.left -= 1;
  taking.batch.records.push_back(outcome_record(kept, clock_));
  taking.batch.records.back().id = ids_.next();
  if (allowance.untold == 0) return;
  const Notice notice{"outcomes_left_out", "So many refused commands came that not each has an outcome of its own",
                      taking.origin, std::exchange(allowance.untold, 0)};
  taking.batch.records.push_back(record_of(notice, options_.gateway_id, clock_));
  taking.batch.records.back().id = ids_.next();
}

void Dispatch::refuse_another(Taking& taking, const normalize::CommandText& text) {
  CommandAnswer answer =
      refused_command({text.id, text.device, text.name}, 422,
                      "this id was given to another command already: every command has its own", clock_.wall_time());
  log_.warning("commands", taking.origin + ": " + text.name + " to " + text.device + " (" + text.id +
                               "): refused: " + answer.reason);
  if (!taking.message.reply_to.empty())
    taking.batch.answers.push_back(
        {++last_answer_, taking.origin, taking.message.reply_to, text.id, answer.text, answer.status});
  taking.answers.push_back(std::move(answer));
}

/// There is nothing to keep it under: it is told where that was asked for, and by a notice.
void Dispatch::refuse_unreadable(Taking& taking, const normalize::CommandText& text) {
  const std::string reason = text.refusal.empty() ? "id, device or command is missing" : text.refusal;
  CommandAnswer answer = refused_command({text.id, text.device, text.name}, text.status, reason, clock_.wall_time());
  if (!taking.message.reply_to.empty()) {
    store::OwedAnswer owed{++last_answer_, taking.origin, taking.message.reply_to, text.id, answer.text, text.status};
    taking.batch.answers.push_back(std::move(owed));
  }
  taking.answers.push_back(std::move(answer));
  log_.warning("commands", taking.origin + ": refused: " + reason);
  ++refused_untold_;
  const Instant now = clock_.now();
  if (told_refused_ != Instant{} && now - told_refused_ < refused_notice_interval) return;
  const Notice notice{"command_refused", "A command could not be read: " + reason, taking.origin, refused_untold_};
  taking.batch.records.push_back(record_of(notice, options_.gateway_id, clock_));
  taking.batch.records.back().id = ids_.next();
  told_refused_ = now;
  refused_untold_ = 0;
}

void Dispatch::supersede(Taking& taking, const WaitingCommand& by) {
  const auto same = [&](const WaitingCommand& other) {
    return other.stage == Stage::waiting && other.kept.command.device == by.kept.command.device &&
           other.kept.command.name == by.kept.command.name && other.prepared.publish.topic == by.prepared.publish.topic;
  };
  for (const auto& [number, other] : waiting_)
    if (same(other)) taking.superseded.emplace(number, by.kept.command.id);
  for (const WaitingCommand& other : taking.fresh)
    if (same(other)) taking.superseded.emplace(other.kept.number, by.kept.command.id);
}

std::optional<CommandAnswer> Dispatch::look(std::string_view id, Duration most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  std::unique_lock lock(mutex_);
  const auto under_way = [&] { return numbers_.contains(id); };
  if (most > Duration(0)) ended_.wait_until(lock, deadline, [&] { return stopped_ || !under_way(); });
  const Taking none{options_.gateway_id, {}};
  const auto known = find(none, id);
  if (!known || !*known) return std::nullopt;
  return answer_of(**known);
}

std::vector<CommandAnswer> Dispatch::latest(std::size_t count) const {
  std::vector<CommandAnswer> answers;
  const auto commands = store_.latest_commands(count);
  if (!commands) return answers;
  const std::lock_guard lock(mutex_);
  for (const store::KeptCommand& kept : *commands) {
    const auto waiting = waiting_.find(kept.number);
    answers.push_back(answer_of(waiting == waiting_.end() || kept.progress.ended ? kept : shown(waiting->second)));
  }
  return answers;
}

void Dispatch::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = wake_ = true;
  woken_.notify_all();
  ended_.notify_all();
}

void Dispatch::wake() {
  const std::lock_guard lock(mutex_);
  wake_ = true;
  woken_.notify_all();
}

void Dispatch::wait(Duration most) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, most, [this] { return wake_; });
  wake_ = false;
}

}  // namespace sluice::flow
