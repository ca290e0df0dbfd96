#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/core/record_id.h"
#include "tests/cloud_mqtt/commanded.h"
#include "tests/contract/connector.h"
#include "tests/stage/recording_log.h"

namespace sluice::contract {

using cloud_mqtt::outcomes;

/// A connector with its peer. Whatever a test does, these hold: no record is accepted that its peer has not taken, none
/// is rejected that its peer has not refused, and nothing is accepted behind a deferred one.
class Sink : public testing::TestWithParam<Kind> {
 protected:
  using Answer = std::future<std::string>;

  ~Sink() override;

  /// Makes the connector, and keeps its connection. A timeout that is not given is one that no test waits for.
  void start(Duration timeout = std::chrono::hours(1), bool commands = false);
  /// Requests a stop; whether everything has returned soon.
  testing::AssertionResult stop();
  bool standing() const { return connector.sink->link().has_value(); }
  bool says(Act act) const { return GetParam().says.contains(act); }

  std::vector<Record> records(int count, std::size_t bytes = 0);
  /// In the background; `all` must live until the answer is there.
  Answer deliver(std::span<const Record> all);
  /// What came of it; when nothing does the test has failed, and ends the connector.
  std::string take(Answer& answer);
  std::string settle(std::span<const Record> all) {
    Answer answer = deliver(all);
    return take(answer);
  }
  /// As the gateway does: again and again with what is not settled yet.
  std::string drain(std::span<const Record> all);

  /// Whether it comes true by itself; what is paused is tried again after minutes, and they pass.
  bool in_time(const std::function<bool()>& condition);
  /// The peer is no good: a connector without a standing connection answers so, one with such says so and waits.
  void expect_put_off(Answer& answer, bool paused = false);
  /// The peer is good again: everything that was put off arrives, in order.
  void expect_recovery(Answer& answer, const std::vector<Record>& all);
  /// A peer that stands so gets nothing, and everything once it opens.
  void expect_patience_with(Door door);
  /// A stop that comes once `reached` ends everything soon, and nothing is settled.
  void expect_stop(const std::vector<Record>& all, const std::function<bool()>& reached);
  /// Nothing is sent to a peer that shows that certificate, until it shows the right one.
  void expect_nothing_for(const stage::Certificate& wrong);
  /// Each record has reached the peer in its order: only what has been sent is sent again, and from there on in order.
  testing::AssertionResult arrived(const std::vector<Record>& all) const;
  std::size_t arrivals() const { return peer.arrivals().size(); }
  /// Reasons, links and log lines so far.
  std::string told() const;

  Peer peer{GetParam().tongue};
  cloud_mqtt::ShiftedClock clock;
  stage::RecordingLog log;
  RecordIds ids{clock};
  cloud_mqtt::RecordingAcceptor acceptor;
  Connector connector;
  std::stop_source stopper;

 private:
  std::string judge(std::span<const Record> all, const std::vector<Verdict>& verdicts);

  void keep(const std::string& reason);

  mutable std::mutex mutex_;
  std::string reasons_;  ///< guarded by it
  std::future<void> kept_, polled_;
};

/// One that brings commands.
class Source : public Sink {};

inline std::string variant_of(const testing::TestParamInfo<Kind>& info) {
  return info.param.variant;
}

}  // namespace sluice::contract
