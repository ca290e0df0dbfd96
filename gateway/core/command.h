#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"

namespace sluice {

/// How far a command has come. The numbers are stored: never change one. `accepted` is on its way; `sent` is final only
/// where the schema names no reply; the others are final.
enum class CommandState : std::uint8_t {
  accepted = 1,
  sent = 2,
  succeeded = 3,
  failed = 4,
  expired = 5,
  rejected = 6,
  unanswered = 7,
};

std::string_view name_of(CommandState state);  ///< "succeeded"

/// Something a device is to do, as a cloud or a person asked for it.
struct Command {
  std::string id;      ///< given by whoever sent it; the same id is the same command, whatever brings it
  std::string origin;  ///< a cloud's name, or "api"
  std::string device;  ///< "tasmota/kitchen"
  std::string name;    ///< "power"
  std::string params;  ///< a JSON object as text
  std::optional<Timestamp> expires_at{};
};

/// The bound of one command's text, whatever brings it (a cloud-to-device message of Azure has at most as much).
inline constexpr std::size_t command_bytes_max = 64 * 1024;

/// What a source of commands has received, as it came.
struct CommandMessage {
  enum class Form {
    command,   ///< one command as JSON, or a CloudEvent whose `data` is one
    commands,  ///< a JSON array of them, or {"commands": [...]}; a text without either holds none
    params,    ///< the text is the params alone; `id` (may be empty: one is made), `device` and `name` are given beside
               ///< it
    method,    ///< `name` is the command's name; the text an object of its params, with "device" among them, or empty
    settings,  ///< {"<family>/<device>": {"<command>": {params}}, ...}: desired properties of a twin; `id` is its
               ///< version, from which the commands get theirs
  };
  Form form = Form::command;
  std::string text;                    ///< any bytes
  std::string id{}, device{}, name{};  ///< see Form
  std::string reply_to{};  ///< where the source wants to hear of the outcome, in its own terms; empty: nowhere
  std::optional<Duration> expires_in{};  ///< what the transport says (MQTT 5 message expiry)
  Duration age{0};                       ///< how long it may have been under way: it lay in a queue meanwhile
  bool retained = false;                 ///< would come again at each connection: never executed
};

/// What a source tells about one command.
struct CommandAnswer {
  std::string id{};  ///< empty where the command had none that could be read
  CommandState state = CommandState::accepted;
  bool ended = false;  ///< the state is final
  /// As HTTP would say it, for sources that answer so: 200 succeeded or sent, 202 on its way, 400 cannot be read or
  /// wrong parameters, 403 not allowed, 404 unknown device or command, 408 expired, 413 too large, 429 too many wait,
  /// 502 the device refused, 503 cannot be stored, 504 unanswered.
  int status = 202;
  std::string text{};    ///< a JSON object: the outcome, or how far it has come
  std::string reason{};  ///< why it ended as it did, one line without secrets; empty where there is nothing to say
};

/// As much of a command as could be read.
struct CommandName {
  std::string_view id{}, device{}, command{};
};
/// What a source is told about one that was refused and is not kept.
CommandAnswer refused_command(const CommandName& name, int status, std::string reason,
                              std::optional<Timestamp> at = {});

/// One PUBLISH to a device.
struct CommandPublish {
  std::string topic, payload;
  int qos = 1;
  std::chrono::seconds expires_in{
      60};  ///< at least one; the broker must not hand it on later (MQTT 5 section 3.3.2.3.3)
};

}  // namespace sluice
