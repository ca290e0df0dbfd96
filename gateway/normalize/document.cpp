#include "gateway/normalize/document.h"

#include <algorithm>

#include "gateway/normalize/number_text.h"

namespace sluice::normalize {

namespace {

/// Text for a cell of a table: on one line, and no bar ends it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|')
      out += "\\|";
    else if (c == '\n' || c == '\r')
      out += ' ';
    else
      out += c;
  }
  return out;
}

/// As code, also where the text holds backticks itself (CommonMark section 6.1).
std::string code(const std::string& text) {
  if (text.empty()) return "(empty)";
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  const std::string space = longest > 0 ? " " : "";
  return fence + space + cell(text) + space + fence;
}

/// A block of code, also where the text holds such blocks.
std::string block(const std::string& text, const std::string& language) {
  std::string fence = "```";
  while (text.find(fence) != std::string::npos) fence += '`';
  return fence + language + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

std::string number(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

std::string map_text(const ValueMap& map) {
  std::string out;
  for (const auto& [from, to] : map)
    out += (out.empty() ? "" : ", ") + from + " → " + (to.kind == Scalar::Kind::null ? "nothing" : to.text);
  return out;
}

std::string address_text(const AddressText& at) {
  std::string out = code(at.text);
  for (const Text& other : at.otherwise) out += ", else " + code(other.text);
  return out;
}

std::string unit_text(const UnitSchema& unit) {
  if (!unit.at) return unit.text;
  return "from " + address_text(*unit.at) + (unit.map.empty() ? "" : ": " + cell(map_text(unit.map)));
}

std::string form_text(const IntegerForm& form) {
  std::string out = form.base != 10 ? "in base " + std::to_string(form.base) : "";
  if (form.bits > 0) out += (out.empty() ? "" : ", ") + std::to_string(form.bits) + " bits with a sign";
  return out;
}

/// "times `/Multiplier` (in base 16)"
std::string step_text(const StepSchema& step) {
  constexpr std::string_view verbs[] = {"times ", "divided by ", "plus "};
  std::string out(verbs[static_cast<std::size_t>(step.kind)]);
  if (!step.operand.at) return out + number(step.operand.number);
  out += address_text(*step.operand.at);
  std::string more = form_text(step.operand.form);
  const auto add = [&](const std::string& text) { more += (more.empty() ? "" : "; ") + text; };
  if (!step.operand.map.empty()) add(cell(map_text(step.operand.map)));
  for (const StepSchema& inner : step.operand.steps) add(step_text(inner));
  return out + (more.empty() ? "" : " (" + more + ")");
}

/// What else there is to say about a reading.
std::string remarks(const ReadingSchema& reading) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (reading.type != ValueType::natural) add(std::string(name_of(reading.type)));
  if (reading.pattern) add("what the group of " + code(reading.pattern->text) + " takes");
  if (!reading.map.empty()) add(cell(map_text(reading.map)));
  if (const std::string form = form_text(reading.form); !form.empty()) add(form);
  for (const StepSchema& step : reading.steps) add(step_text(step));
  if (reading.from)
    add(std::string("converted from ") + (reading.from->at ? "the unit " : "") + unit_text(*reading.from));
  if (reading.min) add("at least " + number(*reading.min));
  if (reading.max) add("at most " + number(*reading.max));
  if (reading.fallback) add(reading.fallback->text + " where it is left out");
  if (reading.required) add("required");
  return out;
}

std::string readings_table(const std::vector<ReadingSchema>& readings) {
  std::string out = "| reading | at | unit | |\n|---|---|---|---|\n";
  for (const ReadingSchema& reading : readings)
    out += "| " + code(reading.name.text) + " | " + address_text(reading.at) + " | " + unit_text(reading.unit) + " | " +
           remarks(reading) + " |\n";
  return out + "\n";
}

std::string when_text(const WhenSchema& when) {
  if (when.pattern) return "the pattern matches";
  std::string out = "there is " + code(when.at.text);
  if (when.matches) out += ", and it matches " + code(when.matches->text);
  for (std::size_t i = 0; i < when.is.size(); ++i) out += (i == 0 ? ", and it is " : " or ") + code(when.is[i].text);
  return out;
}

std::string words(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& word : list) out += (out.empty() ? "" : ", ") + code(word);
  return out;
}

std::string time_text(const TimeSchema& time) {
  std::string out = code(time.at.text);
  if (time.date) out = code(time.date->text) + " and " + out;
  if (!time.format.empty()) out += ", format " + code(time.format);
  if (time.base != 10) out += " in base " + std::to_string(time.base);
  if (time.offset) out += ", plus the seconds at " + code(time.offset->text);
  if (time.relative_below) out += ", below " + number(*time.relative_below) + " from the reception";
  return out + ", zone " + time.zone;
}

std::string topics_text(const std::vector<Text>& topics) {
  std::string out = topics.size() > 1 ? "- Topics: " : "- Topic: ";
  for (const Text& topic : topics) out += (&topic == &topics.front() ? "" : ", ") + code(topic.text);
  return out;
}

std::string facts(const MessageSchema& message) {
  std::string out = topics_text(message.topics) + "\n- Format: " + std::string(name_of(message.format)) +
                    ", becomes: " + std::string(name_of(message.kind)) + "\n";
  for (const WhenSchema& when : message.when) out += "- Only if " + when_text(when) + "\n";
  if (message.pattern) out += "- Pattern: " + code(message.pattern->text) + "\n";
  if (message.pairs)
    out += "- Pairs: " + code(std::string("name") + message.pairs->sign + "value") + ", separated by " +
           code(std::string(1, message.pairs->delimiter)) + (message.pairs->form ? ", encoded as forms are" : "") +
           "\n";
  if (message.jq) out += "- Reshaped by jq: " + code(message.jq->text) + "\n";
  if (message.each) out += "- One event for each of " + code(message.each->text) + "\n";
  for (const Text& carried : message.carry) out += "- Carried on from element to element: " + code(carried.text) + "\n";
  if (message.checksum) out += "- With the checksum of NMEA 0183\n";
  if (message.device) out += "- Device: " + code(message.device->text) + "\n";
  if (message.time) out += "- Time: " + time_text(*message.time) + "\n";
  if (message.presence && !message.presence->online.empty())
    out += "- Online: " + words(message.presence->online) + "\n";
  if (message.presence && !message.presence->offline.empty())
    out += "- Offline: " + words(message.presence->offline) + "\n";
  if (message.keep_rest) out += "- Members that no reading names are kept under `rest`\n";
  if (!message.reference.empty()) out += "- Reference: <" + message.reference + ">\n";
  return out + "\n";
}

std::string example_text(const Example& example) {
  std::string out = (example.about.empty() ? "" : example.about + "\n\n") + code(example.topic) +
                    (example.retained ? ", retained" : "") + "\n\n";
  out += block(example.payload, "");
  switch (example.expects) {
    case Example::Expects::ignored:
      return out + "\nIgnored: it says nothing.\n\n";
    case Example::Expects::quarantine:
      return out + "\nGoes to quarantine: " + example.quarantine + "\n\n";
    case Example::Expects::events:
      break;
  }
  out += "\nBecomes\n\n";
  std::string events;
  for (const YamlNode& event : example.events) events += yaml_text(event);
  return out + block(events, "yaml") + "\n";
}

std::string wanted_text(const CommandSchema::Wanted& wanted) {
  if (wanted.param.empty()) return code(wanted.value.text);
  return "what " + code(wanted.param) + " says" + (wanted.map.empty() ? "" : " (" + cell(map_text(wanted.map)) + ")");
}

std::string where_text(const std::vector<CommandSchema::Where>& list) {
  std::string out;
  for (const CommandSchema::Where& where : list) {
    out += ", where " + code(where.param);
    for (std::size_t i = 0; i < where.is.size(); ++i)
      out += (i > 0 ? " or " : " is ") + (where.is[i].kind == Scalar::Kind::null ? "left out" : code(where.is[i].text));
  }
  return out;
}

std::string reply_text(const CommandSchema::Reply& reply) {
  std::string out = "- Answered by ";
  for (std::size_t i = 0; i < reply.messages.size(); ++i) out += (i > 0 ? " or " : "") + code(reply.messages[i].text);
  if (!reply.has.text.empty()) out += " with " + code(reply.has.text);
  if (reply.is) out += (reply.has.text.empty() ? " with " : " that is ") + wanted_text(*reply.is);
  out += where_text(reply.where);
  if (reply.failed) out += "; refused by " + code(reply.failed->has.text);
  return out + "\n";
}

/// Where a link leads: what a heading's own anchor would be is another matter in each place that shows Markdown.
std::string anchor(const std::string& name) {
  return "<a id=\"" + name + "\"></a>\n\n";
}

std::string link(const std::string& name, const std::string& to) {
  return "[" + cell(name) + "](#" + to + ")";
}

std::string command_anchor(const Family& family, const CommandSchema& command) {
  return "command-" + family.name + "/" + command.name;
}

std::string command_text(const Family& family, const CommandSchema& command) {
  std::string out =
      anchor(command_anchor(family, command)) + "### Command " + family.name + "/" + command.name + "\n\n";
  if (!command.about.empty()) out += command.about + "\n\n";
  out += "- Topic: " + code(command.topic.text) + "\n- Payload: " + code(command.payload.text) + "\n";
  for (const CommandSchema::Param& param : command.params)
    out +=
        "- Parameter " + code(param.name) + (param.optional ? " (optional): " : ": ") + code(param.json_schema) + "\n";
  for (const CommandSchema::Reply& reply : command.replies) out += reply_text(reply);
  if (command.explicit_only) out += "- Only where a permission names it: no wildcard covers it\n";
  if (command.latest_wins)
    out += "- Sets a state: one that waits is superseded by a later one" + where_text(command.latest_wins_where) + "\n";
  return out + "\n";
}

std::string contents_row(const Family& family) {
  std::string messages, commands;
  for (const MessageSchema& message : family.messages)
    messages += (messages.empty() ? "" : ", ") + link(message.name, message.full_name);
  for (const CommandSchema& command : family.commands)
    commands += (commands.empty() ? "" : ", ") + link(command.name, command_anchor(family, command));
  return "| " + link(family.name, family.name) + " | " + cell(family.title) + " | " + messages + " | " + commands +
         " |\n";
}

}  // namespace

std::string condition_text(const MessageSchema& message) {
  std::string out;
  for (const WhenSchema& when : message.when) out += (out.empty() ? "" : ", and ") + when_text(when);
  return out.empty() ? "its payload is of its format" : out;
}

std::string document(const std::vector<Family>& families) {
  std::string out = "# Schemas\n\n| family | what | messages | commands |\n|---|---|---|---|\n";
  for (const Family& family : families) out += contents_row(family);
  for (const Family& family : families) out += "\n" + document(family);
  return out;
}

std::string document(const Family& family) {
  std::string out = anchor(family.name) + "## " + (family.title.empty() ? family.name : family.title) + " (`" +
                    family.name + "`)\n\n";
  if (!family.about.empty()) out += family.about + "\n\n";
  if (!family.reference.empty()) out += "Reference: <" + family.reference + ">\n\n";
  if (!family.settings.empty()) out += "| setting | value |\n|---|---|\n";
  for (const auto& [name, values] : family.settings) out += "| " + code(name) + " | " + words(values) + " |\n";
  if (!family.settings.empty()) out += "\n";
  for (const MessageSchema& message : family.messages) {
    out += anchor(message.full_name) + "### " + message.full_name + "\n\n";
    if (!message.about.empty()) out += message.about + "\n\n";
    out += facts(message);
    if (!message.readings.empty()) out += readings_table(message.readings);
    for (const Example& example : message.examples) out += example_text(example);
  }
  for (const CommandSchema& command : family.commands) out += command_text(family, command);
  return out;
}

}  // namespace sluice::normalize
