#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <sys/types.h>

#include "gateway/app/commit_figures.h"
#include "gateway/app/line.h"
#include "gateway/app/trial_cloud.h"
#include "gateway/app/trial_gateway.h"
#include "gateway/core/clock.h"
#include "gateway/core/result.h"

namespace sluice::app {

/// What came of a trial.
struct TrialReport {
  std::uint64_t sent = 0, acknowledged = 0;   ///< by devices; to them, which is the promise
  std::uint64_t delivered = 0, repeated = 0;  ///< different messages; events that came again under their id
  std::uint64_t lost = 0;                     ///< acknowledged, and never delivered
  std::uint64_t two_ids = 0, order_broken = 0, garbled = 0;  ///< see TrialCloud
  std::uint64_t crashes = 0, outages = 0;
  std::uint64_t backlog_max = 0;  ///< what waited at the end of the outage
  std::int64_t sync_micros = 0;   ///< what a bare sync of 4 KiB takes
  CommitFigures single, grouped;  ///< one message a commit; Trial::group

  /// Everything that was sent arrived, once, in order.
  bool held() const;
};

/// A gateway on this disk that is killed while it works, between a broker and a cloud that are simulated here and see
/// all: numbered messages, first one a commit, then in groups; one crash while the cloud's answer is on its way, an
/// outage of the cloud with three crashes in it, and one while what waited is delivered. The gateway is a child
/// process, so that a kill leaves behind what a kill leaves behind. Belongs to a process with one thread, in which
/// prepare_signals() was called.
class Trial {
 public:
  static constexpr std::uint64_t group = 100;
  static constexpr std::uint64_t messages_min = 2000;  ///< groups enough for all that happens

  struct Options {
    std::filesystem::path folder;   ///< empty, for the database
    std::uint64_t messages = 5000;  ///< at least messages_min
    bool all = false;               ///< however long they take; otherwise each half ends after some seconds
    Duration silence_max{30'000};   ///< a gateway that says nothing for so long hangs in its disk
    int interrupted = -1;           ///< a signalfd(2) that ends the trial
    std::function<void(const std::string&)> progress{};  ///< told often
    std::function<void()> while_down{};                  ///< for tests: what becomes of the files after each crash
  };

  explicit Trial(Options options);
  ~Trial();  ///< no process is left
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// Errors: storage; unavailable (interrupted); invalid: the gateway ended by itself.
  Result<TrialReport> run();

 private:
  /// Something that happens at this share of a half.
  struct Event {
    double at;
    Result<> (Trial::*happen)();
  };
  struct Half {
    const char* name;
    CommitFigures& figures;
    std::uint64_t group, until;
    Duration most;
    std::vector<Event> events;
  };
  Result<> run_half(Half half);
  Result<> crash_with_an_answer_due();
  Result<> begin_outage();
  Result<> crash();
  Result<> end_outage();

  /// From an order on, until just behind its commit. Mostly early: what is in the files before they are synced outlives
  /// a kill.
  std::chrono::microseconds moment_of_crash();
  Result<> start_gateway();
  Result<> drain();
  void order();
  Result<> publish();
  /// Takes in what is said next by the gateway, to broker or cloud.
  Result<> attend(Duration most);
  /// The same until `done`, which a gateway that lives brings about.
  Result<> attend_until(const std::function<bool()>& done);
  Result<> hear_gateway();
  void hear_cloud();
  void note_stored(const TrialAnswer& answer);
  /// False: it is still there, because its disk hangs.
  bool reap();
  bool hung_up() const { return broker_.end() < 0 && cloud_line_.end() < 0; }
  Error ended_by_itself();
  TrialReport report();

  enum class Mood { takes, takes_and_is_silent, away };

  const Options options_;
  const SystemClock clock_;
  std::minstd_rand random_{std::random_device{}()};
  TrialReport report_;
  TrialCloud cloud_;
  Mood mood_ = Mood::takes;
  bool answer_due_ = false;
  const Half* half_ = nullptr;
  bool ready_ = false;
  std::uint64_t acknowledged_ = 0, sent_ = 0, resent_through_ = 0;
  std::int64_t written_ = -1, last_micros_ = 0;
  int status_ = 0;  ///< of the gateway that ended last
  pid_t gateway_ = -1;
  Line broker_, cloud_line_;
};

}  // namespace sluice::app
