#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/command.h"
#include "gateway/core/record.h"
#include "gateway/core/result.h"
#include "gateway/normalize/library.h"
#include "gateway/normalize/schema.h"

namespace sluice::normalize {

/// A command read from text, before anything about it is believed. What is empty was not there.
struct CommandText {
  std::string id, device, name;
  std::string params = "{}";  ///< a JSON object
  std::string expires_at;     ///< RFC 3339, as it came
  std::string refusal;        ///< why it cannot be read; then the rest is what could be
  int status = 400;           ///< with `refusal`: 400, or 413 for one that is too large
};

/// The commands in a message of a source, by its form. Bounds: command_bytes_max for one command, 1 MiB and 1000
/// commands for one list, depth 64; ids of at most 128 bytes, devices of 256, names of 64, UTF-8 without control
/// characters. One that cannot be read has a refusal and does not spoil the others; a whole that cannot be read is one
/// CommandText with a refusal; a text that is no JSON at all
/// ("OK") holds no list. Of a CloudEvent (`specversion` and `data`) the data counts, and its id where the data has
/// none. `expires_at` that is no RFC 3339 time is a refusal. Settings: one CommandText for each command of each device,
/// id "twin-<version>-<device>-<command>" (cut and hashed beyond 128 bytes); members that begin with $ are passed over,
/// null values too.
std::vector<CommandText> read_commands(const CommandMessage& message);

/// What shows that a device has done what it was told (schema file: `reply`). Opaque; immutable; copies share.
class Expectation;

/// A command as its schema makes it.
struct PreparedCommand {
  CommandPublish publish;      ///< expires_in is the caller's to set
  bool explicit_only = false;  ///< schema `explicit: true`: no wildcard of a permission covers it
  bool any_topic = false;      ///< the topic's first level comes from a parameter: a permission must name topics
  /// It sets a state, with these parameters: one that waits is superseded by it, if it is of the same device,
  /// command and topic; and a twin's settings may say it.
  bool latest_wins = false;
  std::shared_ptr<const Expectation> reply;  ///< null: none is named
  Duration reply_within{0};
};

/// The commands of every family. Immutable; any thread.
class Commands {
 public:
  explicit Commands(std::shared_ptr<const Library> library);
  ~Commands();

  struct Refusal {
    int status = 400;    ///< 400 wrong parameter, 404 unknown family or command
    std::string reason;  ///< one line for people: what is wrong, and what there is ("did you mean")
  };
  struct Prepared {
    std::optional<PreparedCommand> command;
    Refusal refusal{};  ///< where there is no command
  };
  /// Checks parameters by their JSON Schemas (an unknown one is refused, a missing one too unless its schema has a
  /// `default`, which then counts, or it is optional; null for an optional one is as if it were missing), and renders
  /// topic and payload.
  Prepared prepare(std::string_view device, std::string_view name, std::string_view params) const;

  /// The commands that devices of this family take: what `GET /api/v1/devices` lists. A view that lives as long as
  /// this.
  std::span<const CommandSchema> of_family(std::string_view family) const;
  /// Topic filters, not disjoint: of the replies of this command; empty if it names none, or there is none.
  std::vector<std::string> reply_filters(std::string_view family, std::string_view name) const;
  /// Of the messages of kind presence of a family.
  std::vector<std::string> presence_filters(std::string_view family) const;
  std::vector<std::string> families() const;   ///< with at least one command
  bool speaks(std::string_view family) const;  ///< its devices have messages

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

/// What a record from a reply topic says about a command that waits.
enum class Match { no, succeeded, failed };

/// `device`: whose answer counts; empty: anybody's of the same family (a group). On a match `readings` is the JSON
/// object of the record's readings.
Match match(const Expectation& expectation, const Record& record, std::string_view device, std::string& readings);

}  // namespace sluice::normalize
