#pragma once

#include <map>
#include <span>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/flow/delivery.h"
#include "gateway/flow/notice.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// Watches what people should hear of, and puts it into the outbox as notices: records dropped (at most one notice a
/// minute and cloud, with the sum), a cloud back after more than a minute away, a clock that was set, a database that
/// was damaged. Belongs to one thread, which calls step about once a second.
class Notices {
 public:
  Notices(std::string gateway_id, store::Store& store, RecordIds& ids, const Clock& clock, Log& log);

  /// The clock is synced at last, and records have been mended.
  void tell_mended(const store::Store::Mended& mended);

  /// What became of a database that was damaged.
  void tell_salvaged(const store::Store::Salvaged& saved);

  void step(std::span<const store::Store::Dropped> dropped, std::span<const CloudState> clouds);

 private:
  struct Cloud {
    std::uint64_t dropped = 0;  ///< not told yet
    Instant told_dropped{};
    bool away = false;
    Instant away_since{};
    Timestamp away_since_wall{};
    std::string error;
  };

  void tell(Notice notice);

  const std::string gateway_id_;
  store::Store& store_;
  RecordIds& ids_;
  const Clock& clock_;
  Log& log_;
  std::map<std::string, Cloud> clouds_;
};

}  // namespace sluice::flow
