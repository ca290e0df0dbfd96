#pragma once

#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <stop_token>
#include <string>

#include "gateway/core/clock.h"
#include "gateway/core/histogram.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/flow/lookahead.h"
#include "gateway/flow/only.h"
#include "gateway/flow/thin.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// What people and metrics see of a cloud.
struct CloudState {
  enum class Health { up, down, paused };
  std::string name, type;
  Health health = Health::up;  ///< of the last attempt; up before the first
  Timestamp since{};
  std::string last_error;  ///< one line, without secrets; stays after recovery
  Timestamp last_error_at{};
  Histogram delivery_seconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 3600, 86400};
};

std::string_view name_of(CloudState::Health health);

/// One cloud's way out: reads the outbox in order, hands the records to the sink, settles by verdict. Deferred records
/// stay and are sent again after a rest: full-jitter back-off to 60 s, the cloud's own Retry-After, or 1 to 15 minutes
/// while paused. step and rest belong to the cloud's own thread; state to any.
class Delivery {
 public:
  struct Options {
    std::string cloud, type;
    Only only;
    std::size_t count_max = 500;
    std::int64_t bytes_max = 256 * 1024;
    Duration wait_max{0};                  ///< how long a batch may fill
    std::int64_t full_bytes = 256 * 1024;  ///< what fills it
    Thin thin{};
    unsigned seed = std::random_device{}();  ///< of the dice that spread its rests
  };

  Delivery(Options options, store::Store& store, UplinkSink& sink, const Clock& clock, Log& log);

  /// Goes on where another one left off at the same cloud: what people see stays until a verdict or the connection says
  /// something else. Before the first step.
  void begin_as(const CloudState& before);

  /// Sends what waits, once. Returns how long to rest before the next step; zero: there may be more at once.
  Duration step(std::stop_token stop);

  /// Takes in how the sink's standing connection is, if it has one. Any thread; now and then.
  void look();

  /// Whether step() left records that wait for a time rather than for new records.
  bool backing_off() const { return backing_off_; }

  /// Up to where the outbox has been read; step() has nothing to do with what is there. 0: only what is settled.
  std::int64_t taken() const { return ahead_ ? ahead_->taken() : 0; }

  CloudState state() const;
  const std::string& cloud() const { return options_.cloud; }

 private:
  /// Settles the front of `page` up to the first deferral, and returns that.
  const Verdict* settle(store::Page page, const std::vector<bool>& wanted, std::vector<Verdict>& verdicts);
  Duration back_off(const Verdict& verdict);
  bool filling(std::span<const Record> records);
  /// Sends what is to be sent again. It has a pace of its own: what the cloud does not take of it holds up nothing
  /// else.
  void step_again(const std::stop_token& stop);
  Result<const Verdict*> settle_again(const store::Page& page, std::vector<Verdict>& verdicts);
  /// How long to rest after the `before`th deferral in a row.
  Duration rest_after(const Verdict& verdict, int before);
  Duration step_in_order(const std::stop_token& stop);
  Duration step_ahead(const std::stop_token& stop);
  bool settle_ahead();
  /// Counts and tells, up to the first deferral. Whether any was accepted.
  bool note(std::span<const Record> batch, std::span<const Verdict> verdicts);
  void tell(CloudState::Health health, std::string error);
  /// What the last verdict says is in the way; a standing connection that comes up does not end it.
  struct Trouble {
    CloudState::Health health;
    std::string error;
  };
  std::optional<Trouble> trouble() const;
  void set_trouble(std::optional<Trouble> trouble);
  void count_delivered(const Record& record);

  const Options options_;
  store::Store& store_;
  UplinkSink& sink_;
  const Clock& clock_;
  Log& log_;

  std::optional<Lookahead> ahead_;  ///< with thin
  bool backing_off_ = false;
  bool link_down_ = true;  ///< look()'s alone: what it told last; a standing connection begins down
  int failures_ = 0;       ///< deferrals in a row without anything accepted
  int failures_again_ = 0;
  Instant again_at_{};  ///< not before
  std::optional<Instant> filling_since_;
  std::minstd_rand random_;

  mutable std::mutex mutex_;  ///< guards what follows
  CloudState state_;
  std::optional<Trouble> trouble_;
};

}  // namespace sluice::flow
