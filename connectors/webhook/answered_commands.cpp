#include "connectors/webhook/answered_commands.h"

#include <algorithm>
#include <utility>

#include "gateway/core/json_text.h"

namespace sluice::webhook {

namespace {

constexpr std::string_view blanks = " \t\r\n";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
}

/// RFC 9110 section 8.3.1, RFC 6839 section 3.1.
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(blanks) + 1);
  for (char& c : type)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

/// Whether the object that `text` should be has this member.
bool has_member(std::string_view text, std::string_view name) {
  skip_blanks(text);
  if (!text.starts_with('{')) return false;
  int depth = 0;
  do {
    if (text.starts_with('"')) {
      const std::optional<std::string> string = take_json_string(text);
      if (!string) return false;
      skip_blanks(text);
      if (depth == 1 && text.starts_with(':') && *string == name) return true;
      continue;
    }
    if (text[0] == '{' || text[0] == '[') ++depth;
    if (text[0] == '}' || text[0] == ']') --depth;
    text.remove_prefix(1);
  } while (depth > 0 && !text.empty());
  return false;
}

}  // namespace

bool holds_commands(const Answer& answer) {
  return is_json(answer.content_type) && has_member(answer.body, "commands");
}

AnsweredCommands::AnsweredCommands(CommandAcceptor& acceptor, std::string cloud, std::string reply_to, Log& log)
    : acceptor_(acceptor), cloud_(std::move(cloud)), reply_to_(std::move(reply_to)), trouble_(log, cloud_) {}

void AnsweredCommands::hand_on(const Answer& answer) {
  if (answer.body.empty() || !holds_commands(answer)) return;
  if (answer.body.size() == answer_body_max) {
    trouble_.met(LogLevel::warning, "too large",
                 "commands in an answer to a delivery of 64 KiB or more: none of them is taken");
    return;
  }
  CommandMessage message;
  message.form = CommandMessage::Form::commands;
  message.text = answer.body;
  message.reply_to = reply_to_;
  const auto taken = acceptor_.accept(cloud_, message);
  if (!taken)
    trouble_.met(LogLevel::warning, "not taken",
                 "commands in the answer to a delivery are lost, they cannot be taken: " + taken.error().message);
  else
    trouble_.over("commands in answers to deliveries are taken");
}

}  // namespace sluice::webhook
