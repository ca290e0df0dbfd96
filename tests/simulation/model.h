#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/command.h"
#include "gateway/core/record.h"

namespace sluice::simulation {

/// A record of the outbox, as it was when it was stored. Its place is its index and one.
struct Entry {
  RecordId id;
  std::string device;
  RecordKind kind = RecordKind::reading;
  std::int64_t size = 0;
};

/// What one cloud has said to the gateway, by place.
struct Told {
  std::int64_t begin = 0;                               ///< what was stored before the cloud was there is not for it
  std::vector<char> said{};                             ///< 'a'ccepted, 'r'ejected; 0: nothing yet that counts
  std::set<RecordId> again{};                           ///< it is to be sent these again
  std::map<std::string, std::set<std::string>> ends{};  ///< of commands: by where it asked, which ids it was told of

  char at(std::int64_t place) const {
    return place <= static_cast<std::int64_t>(said.size()) ? said[static_cast<std::size_t>(place) - 1] : char{};
  }
  void say(std::int64_t place, char what) {
    if (static_cast<std::int64_t>(said.size()) < place) said.resize(static_cast<std::size_t>(place));
    said[static_cast<std::size_t>(place) - 1] = what;
  }
};

/// A command that somebody gave.
struct Given {
  std::string origin{};
  CommandMessage message{};
  Instant until{};                      ///< by the clock that never jumps; max: that alone does not say
  std::optional<Timestamp> end{};       ///< by the calendar, where that was known
  bool needs_clock = false;             ///< its end is its own word, and the clock was not synced
  int set_back = 0;                     ///< how often the clock had been set back by then
  bool open = false;                    ///< taken, and not refused at once
  int left = 0, outcomes = 0;           ///< how often it was published, and how many ends of it are stored
  std::set<std::string> asked_for{};    ///< where its end must be told
  std::set<std::string> maybe_asked{};  ///< the gateway was killed while it was asked
};

/// What must be true, with nothing but lists.
struct Model {
  std::vector<Entry> log;
  std::vector<std::int64_t> bytes_to{0};  ///< by place: of all records up to there
  std::map<RecordId, std::int64_t> places;
  std::map<std::string, Told> clouds;
  std::map<std::string, Given> commands;

  std::int64_t tail() const { return static_cast<std::int64_t>(log.size()); }
  const Entry& entry(std::int64_t place) const { return log[static_cast<std::size_t>(place) - 1]; }
  std::int64_t bytes_behind(std::int64_t place) const {
    return bytes_to.back() - bytes_to[static_cast<std::size_t>(place)];
  }
  /// Whether the id is new.
  bool append(const Record& record) {
    log.push_back({record.id, record.device, record.kind, static_cast<std::int64_t>(record.size())});
    bytes_to.push_back(bytes_to.back() + log.back().size);
    return places.emplace(record.id, tail()).second;
  }
  std::optional<std::int64_t> place_of(const RecordId& id) const {
    const auto found = places.find(id);
    return found == places.end() ? std::nullopt : std::optional(found->second);
  }
};

}  // namespace sluice::simulation
