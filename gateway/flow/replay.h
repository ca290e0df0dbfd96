#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/record_id.h"
#include "gateway/core/result.h"
#include "gateway/normalize/normalizer.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// What has become of one entry of quarantine.
struct Replayed {
  enum class Fate {
    understood,   ///< a message: its records are in the outbox
    ignored,      ///< a message: nothing wants it, or it says nothing
    resent,       ///< a refused record: it waits for its cloud again
    quarantined,  ///< it stays: a message cannot be read still, or the cloud that refused a record is gone
    gone,         ///< it is not there (any more), or waits for its cloud already
    later,        ///< there was no time for it
  };
  std::int64_t id = 0;
  Fate fate = Fate::later;
  std::size_t records = 0;  ///< understood
  std::string reason{};     ///< quarantined
};

std::string_view name_of(Replayed::Fate fate);

/// Brings back what is in quarantine, once the cause is mended. A message goes through the present schemas as if it had
/// just come, but with the time at which it was received; its records get new ids, and are stored in the commit that
/// takes it out of quarantine. What it says of its device's presence and last readings is of the past, and shows
/// nowhere but in the events. A record that a cloud refused goes to that cloud alone, under its own id.
///
/// Any thread. Bounded in memory by one message and what is gathered for a commit, in time by about a
/// second and the last message's: what there was no time for is `later`.
class Replay {
 public:
  /// The schemas as they are now.
  struct Reading {
    std::shared_ptr<const normalize::Library> library;
    normalize::Normalizer::Options options;
    bool keep_payloads = false;  ///< as with Ingest
  };

  Replay(std::function<Reading()> reading, store::Store& store, RecordIds& ids, const Clock& clock, Log& log);

  /// Answers for each of them, in their order. Error: nothing has changed; of kind unavailable where another one runs.
  Result<std::vector<Replayed>> replay(std::span<const std::int64_t> ids);

 private:
  class Turn;

  const std::function<Reading()> reading_;
  store::Store& store_;
  RecordIds& ids_;
  const Clock& clock_;
  Log& log_;
  std::mutex turn_;
};

}  // namespace sluice::flow
