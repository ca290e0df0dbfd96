#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/record.h"

namespace sluice::store {

/// Something that could not be understood (a message), or that a cloud refused for good (a record).
struct Quarantined {
  std::string reason{};
  std::string schema{}, field{};   ///< where known
  std::string topic{}, payload{};  ///< of a message; a refused record keeps its data here as payload
  bool retained = false;
  std::uint64_t payload_size = 0;  ///< as published
  Timestamp received_at{};
  std::optional<Timestamp> boot_at{};  ///< Message::boot_at
  std::string cloud{};                 ///< who refused the record; empty for a message
  std::optional<Record> record{};      ///< the refused record
};

/// One of them in its place. The id is given once; later ones are larger.
struct QuarantineEntry {
  std::int64_t id = 0;
  Quarantined what{};
  bool sent_again = false;  ///< it waits for its cloud, as part of that backlog
};

/// Which of them; what is not said matches all.
struct QuarantineFilter {
  std::optional<std::string> schema{}, cloud{};
  std::string topic{};   ///< an MQTT filter: + and # as there
  std::string reason{};  ///< found anywhere in it

  bool wants(const Quarantined& entry) const;
};

/// A stretch of the list: the newest first before an id, or the oldest first behind one.
struct QuarantineStretch {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::optional<std::int64_t> after{};  ///< in place of `before`
  std::size_t count_max = 100;
};

struct QuarantinePage {
  std::vector<QuarantineEntry> entries{};  ///< without payloads; of a record the device alone
  bool more = false;                       ///< there are others behind the last
};

/// By what to count them. What is not asked for stays empty in the groups.
struct QuarantineBy {
  bool schema = false, field = false, reason = false, topic = false, cloud = false;
};
struct QuarantineGroup {
  std::uint64_t count = 0;
  std::int64_t newest = 0;  ///< an id
  std::string schema{}, field{}, reason{}, topic{}, cloud{};
};
struct QuarantineGroups {
  std::vector<QuarantineGroup> groups{};  ///< the largest first
  std::uint64_t others = 0;               ///< entries beyond the bound on groups
};

/// What an entry that is a message has become, read again.
struct Reread {
  enum class Fate { understood, ignored, quarantined };
  std::int64_t id = 0;
  Fate fate = Fate::quarantined;
  std::vector<Record> records{};            ///< understood
  std::string schema{}, field{}, reason{};  ///< quarantined: what is wrong with it now
};

/// What has become of the wish to send a refused record again.
enum class Resent {
  waits,     ///< it is in its cloud's backlog
  gone,      ///< it is not there (any more), or waits already
  no_cloud,  ///< the cloud that refused it is not in the configuration
};

}  // namespace sluice::store
