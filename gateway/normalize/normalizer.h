#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/message.h"
#include "gateway/core/record.h"
#include "gateway/normalize/library.h"

namespace sluice::normalize {

/// What to do with a message that no schema applies to.
enum class Unmatched { ignore, auto_, raw, quarantine };

/// What became of one message: exactly one of three.
struct Fate {
  enum class Kind {
    understood,   ///< records were appended
    ignored,      ///< nothing wants it, or it says nothing
    quarantined,  ///< it applies and cannot be read: nothing was appended
  };
  Kind kind = Kind::ignored;
  std::string schema;  ///< quarantined: "tasmota/sensor"; empty under `unmatched: quarantine`
  std::string field;   ///< quarantined: the reading or address at fault, if there is one
  std::string reason;  ///< quarantined: one line, at most 300 bytes, for people
};

struct MessageSchema;  // gateway/normalize/schema.h

/// How a message was judged: which schemas were asked in turn. For people who wonder; costs nothing where none is asked
/// for. It points into the library.
struct Trace {
  struct Asked {
    const MessageSchema* schema = nullptr;
    std::string unreadable;  ///< why it does not apply, where it is not of its format; otherwise its `when` tells
  };
  std::vector<Asked> asked;  ///< where `applied`, the last one is that which applies
  bool applied = false;
  bool command = false;  ///< the topic is a command's: none is asked
};

/// Turns messages into records. Pure: the same message gives the same records (but for ids, which Ingest gives).
/// One thread at a time; make one for each thread, they share the library.
class Normalizer {
 public:
  struct Options {
    Unmatched unmatched = Unmatched::ignore;
    std::string timezone;  ///< IANA name for device clocks without an offset; empty: the machine's
  };

  Normalizer(std::shared_ptr<const Library> library, Options options);
  ~Normalizer();

  /// Appends the message's records to `out` (their ids are zero).
  Fate normalize(const Message& message, std::vector<Record>& out, Trace* trace = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether the zone database knows this name.
bool is_timezone(const std::string& name);

}  // namespace sluice::normalize
