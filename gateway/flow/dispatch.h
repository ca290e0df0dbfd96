#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/clock.h"
#include "gateway/core/log.h"
#include "gateway/core/ports.h"
#include "gateway/core/record_id.h"
#include "gateway/flow/devices.h"
#include "gateway/flow/rulebook.h"
#include "gateway/flow/waiting_command.h"
#include "gateway/normalize/commands.h"
#include "gateway/store/store.h"

namespace sluice::flow {

/// The way down: a command is stored before its source may acknowledge it, judged, sent to its device at most once and
/// in time, its reply recognised, and its one end stored together with the outcome that goes up (P6).
///
/// At most once: that it will be sent is stored before its one PUBLISH leaves. If the process ends from there on, the
/// next run ends it as unanswered. A device has one command under way at a time; the next waits for its end, and all
/// wait while the device is known to be offline, in order.
///
/// accept, heard, changed, look and latest: any thread. step and wait: one thread of its own.
class Dispatch final : public CommandAcceptor, public CommandListener {
 public:
  struct Options {
    std::string gateway_id;
    std::size_t waiting_max = 1000;  ///< commands that have not ended; further ones are rejected
  };

  Dispatch(Options options, std::shared_ptr<Rulebook> rules, Devices& devices, store::Store& store, CommandSink& sink,
           RecordIds& ids, const Clock& clock, Log& log);

  /// Takes over what the last run left. Before anything else.
  Result<> recover();

  /// Goes on by these. Commands that wait are judged again by them, as they are after a restart. Any thread.
  void change(std::shared_ptr<Rulebook> rules);

  Result<std::vector<CommandAnswer>> accept(const std::string& origin, const CommandMessage& message) override;
  void heard(const Message& message) override;
  void changed() override { wake(); }

  /// Does what is to be done. Returns how long to rest unless woken.
  Duration step(const std::stop_token& stop);
  void wait(Duration most);
  void wake();

  /// How far a command has come: waits up to `most` for its end, but not beyond stop().
  std::optional<CommandAnswer> look(std::string_view id, Duration most);
  std::vector<CommandAnswer> latest(std::size_t count) const;  ///< newest first
  /// Nobody waits any more.
  void stop();

  /// Called when a source may have to be told something.
  void on_owed(std::function<void()> call) { on_owed_ = std::move(call); }

 private:
  using Stage = WaitingCommand::Stage;
  struct Taking;
  struct Heard {
    Message message;
    std::uint64_t number;
  };

  Result<> take(Taking& taking, normalize::CommandText text);
  Result<std::optional<store::KeptCommand>> find(const Taking& taking, std::string_view id) const;
  bool set_already(Taking& taking, normalize::CommandText& text, std::uint64_t digest);
  void refuse_unreadable(Taking& taking, const normalize::CommandText& text);
  void supersede(Taking& taking, const WaitingCommand& by);
  void owe(Taking& taking, const std::string& id);
  void report_refusal(Taking& taking, const store::KeptCommand& kept);
  void refuse_another(Taking& taking, const normalize::CommandText& text);
  std::string why_it_waits(const WaitingCommand& command) const;
  store::KeptCommand shown(const WaitingCommand& command) const;

  void listen();
  void understand(const Heard& heard);
  void take_reply(WaitingCommand& command, const Record& record);
  void look_at_clock();
  bool reachable(const WaitingCommand& command) const;
  std::vector<WaitingCommand*> next_to_send();
  bool send(const std::stop_token& stop);
  void publish(WaitingCommand& command, const std::stop_token& stop);
  void judge_again(WaitingCommand& command);
  void end(WaitingCommand& command, CommandState state, std::string reason = {});
  bool commit_ends();
  void audit(const store::KeptCommand& kept);
  Duration rest() const;

  const Options options_;
  Devices& devices_;
  store::Store& store_;
  CommandSink& sink_;
  RecordIds& ids_;
  const Clock& clock_;
  Log& log_;
  std::function<void()> on_owed_;

  mutable std::mutex mutex_;  ///< guards what follows; never held while something is sent
  std::shared_ptr<Rulebook> rules_;
  std::condition_variable woken_, ended_;
  std::map<std::int64_t, WaitingCommand> waiting_;  ///< by number: in order; only step() takes any out
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  std::map<std::string, store::KeptSetting> settings_;
  std::int64_t last_command_ = 0, last_answer_ = 0;
  bool wake_ = false, stopped_ = false;
  /// How many refused commands of a source may still go up as outcomes: some at once, then one a second. All are told
  /// where they came from; but nobody's refused commands push telemetry out of the buffer.
  struct Allowance {
    double left = allowance_most;
    Instant since{};
    std::uint64_t untold = 0;
  };
  static constexpr double allowance_most = 200;
  std::map<std::string, Allowance> allowances_;
  Instant told_refused_{};
  std::uint64_t refused_untold_ = 0;

  std::mutex heard_mutex_;  ///< guards what follows
  std::deque<Heard> heard_;
  std::size_t heard_bytes_ = 0;
  std::uint64_t heard_count_ = 0;
  bool deaf_ = false;  ///< told that more comes than can be listened to

  // step()'s own.
  std::vector<store::KnownDevice> presence_;  ///< not stored yet
  std::optional<Instant> ready_since_;
  bool storing_fails_ = false;
  std::vector<Record> records_;
};

}  // namespace sluice::flow
