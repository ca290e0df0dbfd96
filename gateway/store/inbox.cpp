#include "gateway/store/inbox.h"

#include "gateway/store/store.h"

namespace sluice::store {

namespace {

#define SLUICE_COMMAND_COLUMNS                                                                                     \
  "c.number, c.id, c.origin, c.device, c.name, c.params, c.accepted_at, c.dated, c.expires_at, c.digest, c.state," \
  " c.ended, c.status, c.reason, c.reply, c.answered_by, c.at"

constexpr auto sql_put =
    "INSERT INTO commands (number, id, origin, device, name, params, accepted_at, dated, expires_at, digest, state,"
    " ended, status, reason, reply, answered_by, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr auto sql_change =
    "UPDATE commands SET state = ?2, ended = ?3, status = ?4, reason = ?5, reply = ?6, answered_by = ?7, at = ?8,"
    " params = CASE ?3 WHEN 1 THEN '' ELSE params END WHERE number = ?1 AND ended = 0";
constexpr auto sql_owe =
    "INSERT OR IGNORE INTO answers (number, cloud, reply_to, command, status, text) VALUES (?, ?, ?, ?, ?, ?)";
constexpr auto sql_told = "DELETE FROM answers WHERE number = ?";
constexpr auto sql_find = "SELECT " SLUICE_COMMAND_COLUMNS " FROM commands c WHERE c.id = ?";
constexpr auto sql_open = "SELECT " SLUICE_COMMAND_COLUMNS " FROM commands c WHERE c.ended = 0 ORDER BY c.number";
constexpr auto sql_latest = "SELECT " SLUICE_COMMAND_COLUMNS " FROM commands c ORDER BY c.number DESC LIMIT ?";
constexpr auto sql_owed = "SELECT " SLUICE_COMMAND_COLUMNS
                          ", a.number, a.reply_to, a.command, a.status, a.text"
                          " FROM answers a LEFT JOIN commands c ON c.id = a.command"
                          " WHERE a.cloud = ?1 AND (a.text <> '' OR c.ended = 1) ORDER BY a.number LIMIT ?2";
constexpr auto sql_numbers =
    "SELECT (SELECT coalesce(max(number), 0) FROM commands), (SELECT coalesce(max(number), 0) FROM answers)";
constexpr auto sql_oldest = "SELECT number, accepted_at, dated, ended FROM commands ORDER BY number LIMIT 1";
constexpr auto sql_drop = "DELETE FROM commands WHERE number = ?";
// Each along an index of its own, in which nothing else stands.
constexpr auto sql_trim =
    "DELETE FROM commands WHERE ended = 1 AND number IN"
    " (SELECT number FROM commands WHERE state <> 6 ORDER BY number DESC LIMIT -1 OFFSET ?)";
constexpr auto sql_trim_refused =
    "DELETE FROM commands WHERE ended = 1 AND number IN"
    " (SELECT number FROM commands WHERE state = 6 ORDER BY number DESC LIMIT -1 OFFSET ?)";
constexpr std::int64_t trim_interval = 256;  // commands: what is beyond the bounds is looked for so often
constexpr auto sql_trim_answers = "DELETE FROM answers WHERE number <= ?";
constexpr auto sql_forget = "DELETE FROM answers WHERE cloud = ?";

constexpr auto sql_set = "REPLACE INTO settings (cloud, device, command, digest, id) VALUES (?, ?, ?, ?, ?)";
constexpr auto sql_settings = "SELECT cloud, device, command, digest, id FROM settings";
constexpr auto sql_forget_settings = "DELETE FROM settings WHERE cloud = ?";

constexpr int columns = 17;  // of a command

std::int64_t milliseconds(Timestamp time) {
  return time.time_since_epoch().count();
}

Timestamp timestamp(std::int64_t milliseconds) {
  return Timestamp(Duration(milliseconds));
}

KeptCommand command_of(const Statement& row) {
  KeptCommand kept;
  kept.number = row.number(0);
  kept.command = {std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)),
                  std::string(row.text(4)), std::string(row.text(5)), {}};
  kept.accepted_at = timestamp(row.number(6));
  kept.dated = row.number(7) != 0;
  if (row.number(8) != 0) kept.command.expires_at = timestamp(row.number(8));
  kept.digest = static_cast<std::uint64_t>(row.number(9));
  kept.progress = {static_cast<CommandState>(row.number(10)),
                   row.number(11) != 0,
                   static_cast<int>(row.number(12)),
                   std::string(row.text(13)),
                   std::string(row.text(14)),
                   std::string(row.text(15)),
                   timestamp(row.number(16))};
  return kept;
}

Result<std::vector<KeptCommand>> all_of(Statement& statement) {
  const Rewind at_end(statement);
  std::vector<KeptCommand> all;
  for (;;) {
    const Result<bool> row = statement.next();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(command_of(statement));
  }
}

}  // namespace

std::uint64_t& CommandCounts::of(CommandState state) {
  switch (state) {
    case CommandState::accepted:
      return accepted;
    case CommandState::sent:
      return sent;
    case CommandState::succeeded:
      return succeeded;
    case CommandState::failed:
      return failed;
    case CommandState::expired:
      return expired;
    case CommandState::rejected:
      return rejected;
    case CommandState::unanswered:
      break;
  }
  return unanswered;
}

Result<Inbox> Inbox::prepare(const Database& database) {
  Inbox inbox;
  const auto prepared = database.prepare({{inbox.put_, sql_put},
                                          {inbox.change_, sql_change},
                                          {inbox.owe_, sql_owe},
                                          {inbox.told_, sql_told},
                                          {inbox.find_, sql_find},
                                          {inbox.open_, sql_open},
                                          {inbox.latest_, sql_latest},
                                          {inbox.owed_, sql_owed},
                                          {inbox.numbers_, sql_numbers},
                                          {inbox.oldest_, sql_oldest},
                                          {inbox.drop_, sql_drop},
                                          {inbox.trim_, sql_trim},
                                          {inbox.trim_refused_, sql_trim_refused},
                                          {inbox.trim_answers_, sql_trim_answers},
                                          {inbox.forget_, sql_forget},
                                          {inbox.set_, sql_set},
                                          {inbox.settings_, sql_settings},
                                          {inbox.forget_settings_, sql_forget_settings}});
  if (!prepared) return prepared.error();
  return inbox;
}

Result<> Inbox::put(const Batch& batch, CommandCounts& counts) {
  for (const KeptCommand& kept : batch.commands) {
    counts.of(kept.progress.state) += 1;
    if (auto done = put_command(kept); !done) return done;
  }
  for (const CommandChange& change : batch.changes) {
    // A command that ends as sent was counted when it was sent.
    if (!change.progress.ended || change.progress.state != CommandState::sent) counts.of(change.progress.state) += 1;
    if (auto done = put_change(change); !done) return done;
  }
  for (const OwedAnswer& answer : batch.answers)
    if (auto done = put_answer(answer); !done) return done;
  for (const std::int64_t number : batch.told)
    if (auto done = told_.bind(1, number).run(); !done) return done;
  for (const KeptSetting& setting : batch.settings)
    if (auto done = put_setting(setting); !done) return done;
  return {};
}

Result<> Inbox::put_command(const KeptCommand& kept) {
  const Command& command = kept.command;
  const CommandProgress& progress = kept.progress;
  put_.bind(1, kept.number).bind(2, command.id).bind(3, command.origin).bind(4, command.device).bind(5, command.name);
  put_.bind(6, progress.ended ? std::string_view("") : std::string_view(command.params));
  put_.bind(7, milliseconds(kept.accepted_at)).bind(8, kept.dated ? 1 : 0);
  if (command.expires_at)
    put_.bind(9, milliseconds(*command.expires_at));
  else
    put_.bind_null(9);
  put_.bind(10, static_cast<std::int64_t>(kept.digest)).bind(11, static_cast<std::int64_t>(progress.state));
  put_.bind(12, progress.ended ? 1 : 0).bind(13, progress.status).bind(14, progress.reason).bind(15, progress.reply);
  put_.bind(16, progress.from).bind(17, milliseconds(progress.at));
  if (auto done = put_.run(); !done) return done;
  return kept.number % trim_interval == 0 ? trim() : Result<>();
}

Result<> Inbox::trim() {
  if (auto done = trim_.bind(1, commands_max).run(); !done) return done;
  return trim_refused_.bind(1, refused_max).run();
}

Result<> Inbox::put_change(const CommandChange& change) {
  const CommandProgress& progress = change.progress;
  change_.bind(1, change.number).bind(2, static_cast<std::int64_t>(progress.state)).bind(3, progress.ended ? 1 : 0);
  change_.bind(4, progress.status).bind(5, progress.reason).bind(6, progress.reply).bind(7, progress.from);
  return change_.bind(8, milliseconds(progress.at)).run();
}

Result<> Inbox::put_answer(const OwedAnswer& answer) {
  owe_.bind(1, answer.number).bind(2, answer.cloud).bind(3, answer.reply_to).bind(4, answer.id);
  if (auto done = owe_.bind(5, answer.status).bind(6, answer.text).run(); !done) return done;
  return trim_answers_.bind(1, answer.number - answers_max).run();
}

Result<> Inbox::put_setting(const KeptSetting& setting) {
  set_.bind(1, setting.cloud).bind(2, setting.device).bind(3, setting.command);
  return set_.bind(4, static_cast<std::int64_t>(setting.digest)).bind(5, setting.id).run();
}

Result<std::vector<KeptSetting>> Inbox::settings() {
  const Rewind at_end(settings_);
  std::vector<KeptSetting> all;
  for (;;) {
    const Result<bool> row = settings_.next();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back({std::string(settings_.text(0)), std::string(settings_.text(1)), std::string(settings_.text(2)),
                   static_cast<std::uint64_t>(settings_.number(3)), std::string(settings_.text(4))});
  }
}

Result<std::optional<KeptCommand>> Inbox::find(std::string_view id) {
  const Rewind at_end(find_);
  const Result<bool> row = find_.bind(1, id).next();
  if (!row) return row.error();
  if (!*row) return std::optional<KeptCommand>();
  return std::optional(command_of(find_));
}

Result<std::vector<KeptCommand>> Inbox::open() {
  return all_of(open_);
}

Result<std::vector<KeptCommand>> Inbox::latest(std::size_t count) {
  return all_of(latest_.bind(1, static_cast<std::int64_t>(count)));
}

Result<std::vector<OwedAnswer>> Inbox::owed(std::string_view cloud, std::size_t count) {
  const Rewind at_end(owed_);
  owed_.bind(1, cloud).bind(2, static_cast<std::int64_t>(count));
  std::vector<OwedAnswer> all;
  for (;;) {
    const Result<bool> row = owed_.next();
    if (!row) return row.error();
    if (!*row) return all;
    OwedAnswer& answer = all.emplace_back();
    answer.number = owed_.number(columns);
    answer.cloud = cloud;
    answer.reply_to = owed_.text(columns + 1);
    answer.id = owed_.text(columns + 2);
    answer.status = static_cast<int>(owed_.number(columns + 3));
    answer.text = owed_.text(columns + 4);
    if (answer.text.empty()) answer.command = command_of(owed_);
  }
}

Result<Inbox::Numbers> Inbox::numbers() {
  const Rewind at_end(numbers_);
  const Result<bool> row = numbers_.next();
  if (!row) return row.error();
  return Numbers{numbers_.number(0), numbers_.number(1)};
}

Result<bool> Inbox::has_older(Timestamp oldest) {
  const Rewind at_end(oldest_);
  const Result<bool> row = oldest_.next();
  if (!row || !*row) return row;
  return oldest_.number(3) != 0 && oldest_.number(2) != 0 && oldest_.number(1) < milliseconds(oldest);
}

Result<> Inbox::drop_older(Timestamp oldest, int count_max) {
  for (int count = 0; count < count_max; ++count) {
    const Result<bool> older = has_older(oldest);
    if (!older) return older.error();
    if (!*older) return {};
    const Result<bool> row = oldest_.next();
    if (!row) return row.error();
    const std::int64_t number = oldest_.number(0);
    oldest_.rewind();
    if (auto done = drop_.bind(1, number).run(); !done) return done;
  }
  return {};
}

Result<> Inbox::forget(std::string_view cloud) {
  if (auto done = forget_.bind(1, cloud).run(); !done) return done;
  return forget_settings_.bind(1, cloud).run();
}

}  // namespace sluice::store
