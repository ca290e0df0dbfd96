#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "gateway/core/json_text.h"
#include "gateway/core/time_text.h"
#include "gateway/normalize/commands.h"
#include "gateway/normalize/json_tape.h"
#include "gateway/normalize/value.h"
#include "gateway/normalize/yaml_file.h"

namespace sluice::normalize {

namespace {

using Node = JsonTape::Node;
using Form = CommandMessage::Form;

constexpr std::size_t list_bytes_max = 1024 * 1024;
constexpr std::size_t list_commands_max = 1000;
constexpr std::size_t id_bytes_max = 128;
constexpr std::size_t device_bytes_max = 256;
constexpr std::size_t name_bytes_max = 64;
constexpr int too_large = 413;

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The first complaint counts.
void refuse(CommandText& command, std::string reason, int status = 400) {
  if (!command.refusal.empty()) return;
  command.refusal = std::move(reason);
  command.status = status;
}

CommandText refused(std::string reason, int status = 400) {
  CommandText command;
  refuse(command, std::move(reason), status);
  return command;
}

/// A word of the command, or nothing and a refusal. What is refused is not repeated: it may be anything.
std::string checked(std::string_view text, std::string_view what, std::size_t bytes_max, CommandText& command) {
  const auto wrong = [&](const std::string& reason) {
    refuse(command, std::string(what) + " " + reason);
    return std::string();
  };
  if (text.empty()) return wrong("is missing");
  if (text.size() > bytes_max) return wrong("is longer than " + std::to_string(bytes_max) + " bytes");
  if (!is_utf8(text)) return wrong("is not UTF-8");
  if (has_control_characters(text)) return wrong("holds control characters");
  return std::string(text);
}

std::string checked_device(std::string_view text, CommandText& command) {
  const std::string device = checked(text, "device", device_bytes_max, command);
  if (device.empty()) return device;
  const std::size_t slash = device.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == device.size())
    refuse(command, "device must be family/name, as in tasmota/kitchen");
  if (device.find_first_of("+#") != std::string::npos)
    refuse(command, "device holds a wildcard (+ or #): a command goes to one device by its name");
  return device;
}

std::string in_hex(std::uint64_t number) {
  std::array<char, 16> digits{};
  digits.fill('0');
  std::array<char, 16> shortest{};
  const char* end = std::to_chars(shortest.data(), shortest.data() + shortest.size(), number, 16).ptr;
  const auto count = static_cast<std::size_t>(end - shortest.data());
  std::copy_n(shortest.begin(), count, digits.end() - static_cast<std::ptrdiff_t>(count));
  return {digits.begin(), digits.end()};
}

/// An id of at most id_bytes_max bytes that is the same for the same text: its beginning and its hash (FNV-1a).
std::string shortened(const std::string& id) {
  if (id.size() <= id_bytes_max) return id;
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::size_t end = id_bytes_max - 17;
  while (end > 0 && (static_cast<unsigned char>(id[end]) & 0xc0) == 0x80) --end;
  return id.substr(0, end) + "-" + in_hex(hash);
}

class CommandReader {
 public:
  explicit CommandReader(const CommandMessage& message) : message_(message) {}

  std::vector<CommandText> run() {
    const std::string& text = message_.text;
    const bool many = message_.form == Form::commands || message_.form == Form::settings;
    if (text.size() > list_bytes_max)
      return {about_message(refused("larger than " + std::to_string(list_bytes_max) + " bytes", too_large))};
    const bool nothing = is_blank(text) || (message_.form == Form::method && text == "null");
    if (nothing && many) return {};
    if (nothing && message_.form != Form::command) return {of_message("{}")};
    if (message_.form == Form::commands && !begins_like_json()) return {};
    if (const auto refusal = tape_.read(text)) {
      // Sources cut what is too large: that it breaks off is not what is wrong with it.
      if (!many && text.size() > command_bytes_max) return {sized(about_message({}), text.size())};
      return {about_message(refused(refusal->reason))};
    }
    switch (message_.form) {
      case Form::command:
        return {sized(read_command(0), text.size())};
      case Form::commands:
        return read_list(0);
      case Form::settings:
        return read_settings();
      case Form::params:
      case Form::method:
        break;
    }
    return {read_params_alone()};
  }

 private:
  /// The answer to an uplink request may be any text; "OK" holds no commands.
  bool begins_like_json() const {
    const std::size_t begin = message_.text.find_first_not_of(" \t\r\n");
    return message_.text[begin] == '{' || message_.text[begin] == '[';
  }

  const Node& node(std::uint32_t i) const { return tape_.nodes()[i]; }
  std::uint32_t find(std::uint32_t object, std::string_view key) const {
    const std::uint32_t i =
        node(object).kind == Node::Kind::object ? tape_.find(object, key, key_hash(key)) : Binding::nowhere;
    return i == Binding::nowhere || node(i).kind == Node::Kind::null ? Binding::nowhere : i;
  }
  std::string json(std::uint32_t i) const {
    std::string out;
    tape_.append_json(out, i);
    return out;
  }

  /// A member that must be a text; empty, and a refusal, if it is something else.
  std::string_view text_member(std::uint32_t object, std::string_view key, CommandText& command) const {
    const std::uint32_t i = find(object, key);
    if (i == Binding::nowhere) return {};
    if (node(i).kind == Node::Kind::text) return node(i).text;
    refuse(command, std::string(key) + " is not a text");
    return {};
  }

  static CommandText sized(CommandText command, std::size_t bytes) {
    if (bytes <= command_bytes_max) return command;
    // Its size goes before whatever else is wrong with it.
    command.refusal.clear();
    command.params = "{}";
    refuse(command, "larger than " + std::to_string(command_bytes_max) + " bytes", too_large);
    return command;
  }

  CommandText read_command(std::uint32_t at) const {
    CommandText command;
    if (node(at).kind != Node::Kind::object) return refused("a command is a JSON object");
    std::uint32_t body = at;
    if (find(at, "specversion") != Binding::nowhere && find(at, "data") != Binding::nowhere) body = find(at, "data");
    if (node(body).kind != Node::Kind::object)
      refuse(command, "data is not a JSON object");
    else
      refuse_slips(body, command);
    const std::uint32_t named = find(body, "id") != Binding::nowhere ? body : at;
    command.id = checked(text_member(named, "id", command), "id", id_bytes_max, command);
    command.device = checked_device(text_member(body, "device", command), command);
    command.name = checked(text_member(body, "command", command), "command", name_bytes_max, command);
    read_params(find(body, "params"), command);
    command.expires_at = text_member(body, "expires_at", command);
    if (!command.expires_at.empty() && !parse_rfc3339(command.expires_at)) {
      refuse(command, "expires_at is no time as in 2026-03-01T10:00:00Z (RFC 3339)");
      command.expires_at.clear();
    }
    return command;
  }

  void read_params(std::uint32_t i, CommandText& command) const {
    if (i == Binding::nowhere) return;
    if (node(i).kind == Node::Kind::object)
      command.params = params_json(i);
    else
      refuse(command, "params is not a JSON object");
  }

  std::vector<CommandText> read_list(std::uint32_t at) const {
    if (node(at).kind == Node::Kind::object) at = find(at, "commands");
    if (at == Binding::nowhere) return {};
    if (node(at).kind != Node::Kind::array) return {refused("commands is not a list")};
    std::vector<CommandText> commands;
    for (std::uint32_t i = at + 1; i < node(at).next; i = node(i).next) {
      if (commands.size() == list_commands_max)
        return {refused("more than " + std::to_string(list_commands_max) + " commands in one list", too_large)};
      commands.push_back(sized(read_command(i), json(i).size()));
    }
    return commands;
  }

  /// What the message itself says about the command.
  CommandText about_message(CommandText command) const {
    if (message_.form != Form::params && message_.form != Form::method) return command;
    if (!message_.id.empty()) command.id = checked(message_.id, "id", id_bytes_max, command);
    if (message_.form == Form::params || !message_.device.empty())
      command.device = checked_device(message_.device, command);
    command.name = checked(message_.name, "command", name_bytes_max, command);
    return command;
  }

  CommandText of_message(std::string params) const {
    CommandText command = about_message({});
    command.params = std::move(params);
    if (command.device.empty()) refuse(command, "device is missing");
    return command;
  }

  CommandText read_params_alone() {
    if (node(0).kind != Node::Kind::object) return about_message(refused("the parameters are not a JSON object"));
    const std::size_t size = message_.text.size();
    if (message_.form == Form::params) return sized(of_message(params_json(0)), size);
    CommandText command = about_message({});
    const std::uint32_t device = find(0, "device");
    if (device != Binding::nowhere || command.device.empty())
      command.device = checked_device(text_member(0, "device", command), command);
    command.params = params_json(0, "device");
    return sized(std::move(command), size);
  }

  /// In the order of their names, so that the same command reads the same whoever wrote it.
  std::string params_json(std::uint32_t object, std::string_view but_for = {}) const {
    std::map<std::string_view, std::uint32_t> members;
    for (std::uint32_t i = object + 1; i < node(object).next; i = node(i).next)
      if (!node(i).replaced && (but_for.empty() || node(i).key != but_for)) members.emplace(node(i).key, i);
    std::string out;
    for (const auto& [key, i] : members) {
      out += out.empty() ? '{' : ',';
      append_json_string(out, key);
      out += ':';
      tape_.append_json(out, i);
    }
    return out.empty() ? "{}" : out + "}";
  }

  /// What is nearly a member's name is a slip, and what it was to say may matter: an end that nobody reads, for
  /// example. Other members are somebody else's.
  void refuse_slips(std::uint32_t object, CommandText& command) const {
    static const std::vector<std::string_view> known = {"id", "device", "command", "params", "expires_at"};
    for (std::uint32_t i = object + 1; i < node(object).next; i = node(i).next) {
      if (std::find(known.begin(), known.end(), node(i).key) != known.end()) continue;
      const bool of_expiry = node(i).key.starts_with("expir");  // expires, expiry, expiration: too far for a hint
      const std::string hint = of_expiry ? " (did you mean 'expires_at'?)" : did_you_mean(node(i).key, known);
      if (!hint.empty()) refuse(command, "unknown member '" + excerpt(node(i).key) + "'" + hint);
    }
  }

  std::vector<CommandText> read_settings() const {
    if (node(0).kind != Node::Kind::object) return {refused("the settings are not a JSON object")};
    std::vector<CommandText> commands;
    for (std::uint32_t i = 1; i < node(0).next; i = node(i).next) {
      if (is_passed_over(i)) continue;
      if (node(i).kind != Node::Kind::object) {
        commands.push_back(setting(node(i).key, "", Binding::nowhere));
      } else {
        for (std::uint32_t k = i + 1; k < node(i).next; k = node(k).next)
          if (!is_passed_over(k)) commands.push_back(setting(node(i).key, node(k).key, k));
      }
      if (commands.size() > list_commands_max)
        return {refused("more than " + std::to_string(list_commands_max) + " settings", too_large)};
    }
    return commands;
  }

  bool is_passed_over(std::uint32_t i) const {
    return node(i).replaced || node(i).key.starts_with('$') || node(i).kind == Node::Kind::null;
  }

  CommandText setting(std::string_view device, std::string_view name, std::uint32_t params) const {
    CommandText command;
    const std::string id = "twin-" + message_.id + "-" + std::string(device) + "-" + std::string(name);
    command.device = checked_device(device, command);
    if (params == Binding::nowhere)
      refuse(command, "a device's settings are a JSON object, from commands to their params");
    command.name = checked(name, "command", name_bytes_max, command);
    if (!has_control_characters(id) && is_utf8(id)) command.id = shortened(id);
    read_params(params, command);
    return sized(std::move(command), command.params.size());
  }

  const CommandMessage& message_;
  JsonTape tape_;
};

}  // namespace

std::vector<CommandText> read_commands(const CommandMessage& message) {
  return CommandReader(message).run();
}

}  // namespace sluice::normalize
