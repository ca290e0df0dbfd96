#pragma once

#include <optional>

#include "gateway/core/clock.h"
#include "gateway/core/record.h"

namespace sluice {

/// Records that were accepted before the machine's clock was synced: they say so, and are mended once it is known by
/// how much the clock was wrong.

/// A device's own time is believed up to so much after the reception.
inline constexpr Duration device_ahead_max = std::chrono::hours(24);

/// Gives `data` the member `"clock":"unsynced"`. `boot_at` is what Record::boot_at says.
void mark_unsynced(Record& record, Timestamp boot_at);

/// The same, if the clock is not synced now: for what the gateway says itself.
void mark_if_unsynced(Record& record, const Clock& clock);

/// Moves what the record has from the gateway's clock by `wrong`, and takes the mark away: received_at or at, and the
/// event's time unless it is the device's own. One of those that is more than a day ahead, which could not be seen when
/// it came, gives way to the reception. Returns when the record was accepted; nothing, and the record as it was, where
/// it has no mark.
std::optional<Timestamp> mend(Record& record, Duration wrong);

}  // namespace sluice
