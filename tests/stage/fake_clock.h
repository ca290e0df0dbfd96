#pragma once

#include <atomic>

#include "gateway/core/clock.h"

namespace sluice::stage {

/// Time that passes only when told to. Begins at 2026-03-01T09:00:00Z.
class FakeClock final : public Clock {
 public:
  Instant now() const override { return Instant(Duration(steady_ms_.load())); }
  Timestamp wall_time() const override { return Timestamp(Duration(wall_ms_.load())); }
  bool synced() const override { return synced_.load(); }

  std::int64_t boot() const override { return boot_.load(); }
  Duration uptime() const override { return Duration(steady_ms_.load()); }

  void advance(Duration by) {
    steady_ms_ += by.count();
    wall_ms_ += by.count();
  }
  void jump(Duration by) { wall_ms_ += by.count(); }  ///< the wall clock alone
  void set_synced(bool synced) { synced_ = synced; }
  void set_boot(std::int64_t boot) { boot_ = boot; }

 private:
  std::atomic<std::int64_t> steady_ms_{1'000'000};
  std::atomic<std::int64_t> wall_ms_{1'772'355'600'000};
  std::atomic<bool> synced_{true};
  std::atomic<std::int64_t> boot_{1};
};

}  // namespace sluice::stage
