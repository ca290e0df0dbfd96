#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/record.h"
#include "gateway/normalize/number_text.h"
#include "gateway/normalize/settings.h"
#include "gateway/normalize/yaml_file.h"

/// What a schema file says, as plain values: for documentation, examples and simulation. How a message is read by it is
/// compiled from this once (gateway/normalize/plan.h). `${settings}` are filled in already.
namespace sluice::normalize {

/// A word of a schema file and where it stands.
struct Text {
  std::string text;
  Place place;
};

/// `at: ADDRESS`, or a list of them: the first at which there is something.
struct AddressText : Text {
  std::vector<Text> otherwise;
};

enum class Format { json, csv, xml, text };
std::string_view name_of(Format format);

/// What type a reading has. `natural` keeps the type that the payload gives it.
enum class ValueType { natural, number, integer, boolean, string };
std::string_view name_of(ValueType type);

/// A value as YAML types it: 5 is a number, true a boolean, "5" and ON are strings, null is nothing.
struct Scalar {
  enum class Kind { null, boolean, number, string };
  Kind kind = Kind::null;
  std::string text;  ///< of a boolean "true" or "false"

  bool operator==(const Scalar&) const = default;
};

/// `map:`, from what the device says to what is meant, in file order.
using ValueMap = std::vector<std::pair<std::string, Scalar>>;

/// `unit: W` or `unit: { at: /TempUnit, map: { C: Cel } }`.
struct UnitSchema {
  std::string text;               ///< fixed; empty where `at` says it, or where there is none
  std::optional<AddressText> at;  ///< where the device says it
  ValueMap map;
};

struct StepSchema;

/// A number, or where the message says it: `scale: 0.1`, `divisor: { at: /Divisor, base: 16 }`.
struct OperandSchema {
  double number = 0;              ///< where there is no `at`
  std::optional<AddressText> at;  ///< what is not there changes nothing
  ValueMap map;
  IntegerForm form;
  std::vector<StepSchema> steps;  ///< what is done with it first
};

/// `scale`, `divisor` or `offset`.
struct StepSchema {
  enum class Kind { times, over, plus };
  Kind kind = Kind::times;
  OperandSchema operand;
};

struct ReadingSchema {
  Text name;  ///< may hold {placeholders}
  AddressText at;
  std::optional<Text> pattern;  ///< RE2 with one group: what this takes is the value
  UnitSchema unit;
  ValueType type = ValueType::natural;
  IntegerForm form;
  std::vector<StepSchema> steps;   ///< in their order
  std::optional<UnitSchema> from;  ///< the unit in which the device speaks; is converted into `unit`
  std::optional<double> min, max;
  ValueMap map;
  std::optional<Scalar> fallback;  ///< `default`: as if the device said it, where it says nothing
  bool required = false;
};

struct WhenSchema {
  bool pattern = false;         ///< `when: pattern`: the text pattern matches
  Text at;                      ///< otherwise: this address exists
  std::vector<Scalar> is;       ///< and has one of these values; empty: any value
  std::optional<Text> matches;  ///< or a value that is wholly of this form, RE2
};

struct TimeSchema {
  Text at;
  std::string format;                    ///< empty is ISO 8601; the name of an epoch, or a strptime pattern
  std::string zone;                      ///< of times without an offset: "local" is the gateway's, else an IANA name
  std::optional<Text> date;              ///< where `at` is the time of day alone: `format` is of "DATE TIME"
  std::optional<Text> offset;            ///< seconds to be added
  std::optional<double> relative_below;  ///< a number below it counts from the reception
  std::size_t base = 10;                 ///< of the number
  Place place;
};

struct PresenceSchema {
  Text at;
  std::vector<std::string> online, offline;
};

struct CsvSchema {
  bool header = true;
  std::vector<std::string> columns;  ///< names of one's own, instead of the header's
  char delimiter = ',';
  char decimal = '.';
  char quote = '"';
  char comment = '\0';  ///< lines that begin with it are skipped; NUL: there are none
  std::size_t skip_rows = 0;
  bool checksum = false;  ///< each row ends with that of NMEA 0183
};

/// A text as `a=1&b=2`.
struct PairsSchema {
  char delimiter = '&';
  char sign = '=';
  bool form = false;  ///< encoded as forms of web pages are: %20 and +
};

/// A message and what must become of it. Executed by gateway/normalize/examples.h, published by `sluice simulate`.
struct Example {
  enum class Expects { events, quarantine, ignored };
  Place place;
  std::string about;
  std::string topic;
  std::string payload;
  bool retained = false;
  Expects expects = Expects::events;
  std::vector<YamlNode> events;  ///< each a part of what the event must say
  std::string quarantine;        ///< what the reason must begin with
};

struct MessageSchema {
  std::string name;       ///< "sensor"
  std::string full_name;  ///< "tasmota/sensor"
  Place place;
  std::string about, reference;
  std::vector<Text> topics;
  Format format = Format::json;
  RecordKind kind = RecordKind::reading;
  std::vector<WhenSchema> when;  ///< all of them
  std::optional<Text> each;
  std::vector<Text> carry;  ///< beside `each`: what elements have from earlier ones
  std::optional<Text> device;
  std::optional<TimeSchema> time;
  std::vector<ReadingSchema> readings;
  std::optional<PresenceSchema> presence;
  bool keep_rest = false;
  CsvSchema csv;
  std::optional<Text> pattern;       ///< RE2, text only
  std::optional<PairsSchema> pairs;  ///< text only
  char decimal = '.';                ///< text only
  bool checksum = false;             ///< csv and text: NMEA 0183 puts one behind each row
  std::optional<Text> jq;            ///< json only
  std::vector<Example> examples;
};

struct CommandSchema {
  struct Param {
    std::string name;
    std::string json_schema;  ///< as JSON text
    Place place;
    bool optional = false;  ///< may be left out though its JSON Schema has no default
  };
  /// What a reading must be.
  struct Wanted {
    Scalar value;       ///< where there is no `param`
    std::string param;  ///< otherwise the value of this parameter,
    ValueMap map;       ///< by this map; a value that is not in it: anything will do. Empty: as it is
    Place place;
  };
  struct Where {
    std::string param;
    std::vector<Scalar> is;  ///< null: the parameter was left out
    Place place;
  };
  struct Failed {
    Text has;
    std::vector<Scalar> is;  ///< empty: any value
  };
  /// One way a device may answer.
  struct Reply {
    std::vector<Text> messages;  ///< full names
    Text has;                    ///< the reading that must be there, may hold {parameters}; empty: none in particular
    std::vector<Where> where;    ///< this way counts only if all of them hold
    std::optional<Wanted> is;
    std::optional<Failed> failed;  ///< says that the device refused; goes before `has` and `is`
    Duration within{5000};
  };
  std::string name;
  Place place;
  std::string about;
  Text topic;
  std::vector<Param> params;
  Text payload;  ///< may hold {param}; JSON where the file gives a map or a list, or text that is one
  bool payload_is_json = false;
  int qos = 1;
  bool explicit_only = false;  ///< a permission must name this command: no wildcard covers it
  /// It sets a state: one that waits is superseded by a later one of the same device, command and topic.
  bool latest_wins = false;
  std::vector<Where> latest_wins_where;  ///< only if all of them hold for the later one; empty: whatever it says
  std::vector<Reply> replies;            ///< empty: it has no answer

  const Param* param(std::string_view param_name) const;
};

/// One schema file.
struct Family {
  std::string name;
  Place place;
  std::string title, about, reference;
  Settings settings;                    ///< as in effect
  std::vector<MessageSchema> messages;  ///< may be empty where there are commands
  std::vector<CommandSchema> commands;

  const MessageSchema* message(std::string_view message_name) const;
};

}  // namespace sluice::normalize
