#pragma once

#include "gateway/core/clock.h"

namespace sluice::flow {

/// `uplink.thin`, where messages cost money: of the readings of one device and schema, fewer go up; the others count as
/// skipped. Everything that is no reading passes.
struct Thin {
  Duration every{0};       ///< of each slot of this length, the last one; 0: all
  bool on_change = false;  ///< only what differs from the last one that the cloud accepted

  bool on() const { return every > Duration(0) || on_change; }
};

}  // namespace sluice::flow
