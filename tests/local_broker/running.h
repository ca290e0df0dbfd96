#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "connectors/local_broker/mqtt_source.h"
#include "tests/stage/process.h"
#include "tests/stage/recording_log.h"

namespace sluice::local_broker {

/// Takes everything, and remembers the batches. Can be told to fail or to hang.
class TestAcceptor final : public Acceptor {
 public:
  Result<> accept(std::span<const Message> messages) override {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hanging_; });
    if (failures_ > 0) {
      --failures_;
      return storage_error("the disk is full");
    }
    batches_.emplace_back(messages.begin(), messages.end());
    return {};
  }
  Result<> ready() override {
    const std::lock_guard lock(mutex_);
    ++ready_calls_;
    if (ready_) return {};
    return storage_error("the disk is still full");
  }
  Result<> session_lost() override {
    const std::lock_guard lock(mutex_);
    ++sessions_lost_;
    if (ready_) return {};
    return storage_error("the disk is full");
  }

  void fail(int times) {
    set([&] { failures_ = times; });
  }
  void hang(bool on) {
    set([&] { hanging_ = on; });
  }
  void set_ready(bool on) {
    set([&] { ready_ = on; });
  }

  int calls() const { return get(calls_); }
  int ready_calls() const { return get(ready_calls_); }
  int sessions_lost() const { return get(sessions_lost_); }
  std::vector<std::vector<Message>> batches() const { return get(batches_); }
  std::vector<Message> messages() const {
    std::vector<Message> all;
    for (const auto& batch : batches()) all.insert(all.end(), batch.begin(), batch.end());
    return all;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const auto& batch : batches_) sum += batch.size();
    return sum;
  }

 private:
  template <class Change>
  void set(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class Value>
  Value get(const Value& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<Message>> batches_;
  int calls_ = 0, ready_calls_ = 0, sessions_lost_ = 0, failures_ = 0;
  bool hanging_ = false, ready_ = true;
};

inline Options options_for(int port) {
  Options options;
  options.address = {"127.0.0.1", port, false};
  options.client_id = "sluice-test";
  options.filters = {"t/#"};
  return options;
}

/// A MqttSource that runs in a thread of its own until the end of the test.
struct Running {
  explicit Running(Options options) : source(std::move(options), clock, log) {
    thread = std::jthread([this](const std::stop_token& stop) { result = source.run(acceptor, stop); });
  }
  ~Running() { stop(); }
  void stop() {
    acceptor.hang(false);
    thread.request_stop();
    if (thread.joinable()) thread.join();
  }
  bool up() {
    return stage::eventually([this] { return source.state().subscribed; });
  }
  bool received(std::size_t count) {
    return stage::eventually([&] { return acceptor.count() >= count; });
  }
  testing::AssertionResult says(const std::string& part) {
    if (stage::eventually([&] { return source.state().last_error.find(part) != std::string::npos; }))
      return testing::AssertionSuccess();
    testing::AssertionResult failure = testing::AssertionFailure() << "what was logged instead:";
    for (const std::string& line : log.lines()) failure << "\n  " << line;
    return failure;
  }

  SystemClock clock;
  stage::RecordingLog log;
  TestAcceptor acceptor;
  MqttSource source;
  Result<> result;
  std::jthread thread;
};

}  // namespace sluice::local_broker
