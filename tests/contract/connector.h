#pragma once

#include <filesystem>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "tests/contract/peer.h"

namespace sluice::contract {

/// What a connector is made from. It goes to 127.0.0.1 over TLS, and shows the secrets of its kind.
struct Setting {
  int port = 0;
  std::filesystem::path ca_file;
  Duration timeout{};  ///< for every wait that it bounds
  bool commands = false;
  const Clock& clock;
  Log& log;
};

struct Connector {
  std::unique_ptr<UplinkSink> sink;
  CommandSource* source = nullptr;  ///< the same object
};

/// A kind of connector, as this suite sees it: one file for each connector makes some, and runs the cases with them.
struct Kind {
  std::string name;  ///< as connectors/README.md has it in the table of what peers can say
  std::string variant;
  /// What a peer can say of a single record; the rest of that table's row is a dash.
  std::set<Act> says;
  bool hears_outcomes = false;       ///< a peer hears how a command ended where it came from, and not as an event
  std::size_t record_bytes_max = 0;  ///< a record of this size is taken
  std::function<Connector(const Setting&)> make;
  MakeTongue tongue;
  /// What a peer may say that is no answer.
  std::vector<std::string> (*garbage)();
  /// What a connector shows its peer, and nobody else.
  std::vector<std::string> secrets;
};

inline void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name << " " << kind.variant;
}

}  // namespace sluice::contract
