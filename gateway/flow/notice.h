#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/core/clock.h"
#include "gateway/core/record.h"

namespace sluice::flow {

/// What the gateway says about itself, as a record that goes up like any other (type sluice.notice.v1).
struct Notice {
  std::string what;           ///< stable word for scripts: "records_dropped", "session_lost", "cloud_down", "cloud_up",
                              ///< "database_damaged", …
  std::string text;           ///< one sentence for people
  std::string cloud;          ///< where it concerns one
  std::uint64_t records = 0;  ///< how many, where it is about records
};

/// The notice as a record of now, without an id. `gateway` is the gateway's id.
Record record_of(const Notice& notice, std::string_view gateway, const Clock& clock);

}  // namespace sluice::flow
