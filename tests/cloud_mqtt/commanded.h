#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>

#include "connectors/cloud_mqtt/topic_downlink.h"
#include "tests/cloud_mqtt/running.h"

namespace sluice::cloud_mqtt {

/// Keeps what it is given. Can be made to hold accept() back, and to fail.
class RecordingAcceptor final : public CommandAcceptor {
 public:
  Result<std::vector<CommandAnswer>> accept(const std::string&, const CommandMessage& message) override {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !held_; });
    if (failures_ > 0) return --failures_, Result<std::vector<CommandAnswer>>(storage_error("the disk is full"));
    taken_.push_back(message);
    return answers_;
  }

  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void fail(int times) {
    const std::lock_guard lock(mutex_);
    failures_ = times;
  }
  void answer(std::vector<CommandAnswer> answers) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(answers);
  }
  bool wait_begun(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, stage::patience, [&] { return begun_ >= count; });
  }
  std::vector<CommandMessage> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  /// The one with that number, once it is there.
  std::optional<CommandMessage> wait(std::size_t number) {
    stage::eventually([&] { return taken().size() > number; });
    const std::vector<CommandMessage> all = taken();
    return all.size() > number ? std::optional(all[number]) : std::nullopt;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CommandMessage> taken_;
  std::vector<CommandAnswer> answers_;
  int begun_ = 0, failures_ = 0;
  bool held_ = false;
};

/// The machine's clock, and what a test adds to it.
class ShiftedClock final : public Clock {
 public:
  Instant now() const override { return system_.now() + Duration(shift_.load()); }
  Timestamp wall_time() const override { return system_.wall_time() + Duration(shift_.load()); }
  bool synced() const override { return true; }
  std::int64_t boot() const override { return system_.boot(); }
  Duration uptime() const override { return system_.uptime() + Duration(shift_.load()); }
  void shift(Duration by) { shift_ += by.count(); }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> shift_{0};
};

inline Options commanded_by(int port) {
  Options options = options_for(port);
  options.downlink = topic_downlink("home/commands");
  return options;
}

/// A MqttSink with a way down, that keeps its connection until the end of the test.
struct Commanded {
  explicit Commanded(Options options) : sink(*MqttSink::make(std::move(options), clock, log)) {
    sink->open(acceptor);
    keeper = std::jthread([this](const std::stop_token& ended) { sink->keep(ended); });
  }
  ~Commanded() {
    acceptor.hold(false);
    stop.request_stop();
    keeper.request_stop();
  }

  std::future<Verdict> answer(std::string reply_to, std::string text) {
    return std::async(std::launch::async, [this, reply_to = std::move(reply_to), text = std::move(text)] {
      CommandAnswer answer;
      answer.ended = true;
      answer.text = text;
      return sink->answer(reply_to, answer, stop.get_token());
    });
  }
  bool says(const std::string& part) {
    return stage::eventually([&] { return sink->link()->why.find(part) != std::string::npos; });
  }
  bool up() {
    return stage::eventually([this] { return sink->link()->health == Link::Health::up; });
  }

  ShiftedClock clock;
  stage::RecordingLog log;
  RecordingAcceptor acceptor;
  std::unique_ptr<MqttSink> sink;
  std::stop_source stop;
  std::jthread keeper;
};

}  // namespace sluice::cloud_mqtt
