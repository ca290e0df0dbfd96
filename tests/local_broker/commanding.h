#pragma once

#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "connectors/local_broker/command_sink.h"
#include "tests/stage/process.h"
#include "tests/stage/recording_log.h"

namespace sluice::local_broker {

using Sent = CommandSink::Sent;

/// Remembers what it hears, and how ready() stood each time it changed.
class TestListener final : public CommandListener {
 public:
  void heard(const Message& message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
  }
  void changed() override {
    const bool now = is_ready();
    const std::lock_guard lock(mutex_);
    changes_.push_back(now);
  }

  std::function<bool()> is_ready;

  std::vector<Message> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<bool> changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Message> messages_;
  std::vector<bool> changes_;
};

inline Options command_options(int port) {
  Options options;
  options.address = {"127.0.0.1", port, false};
  options.client_id = "sluice-test-commands";
  options.publish_wait = std::chrono::seconds(60);  // no test waits for it but those that set it
  return options;
}

inline CommandPublish power_on() {
  return {.topic = "cmnd/plug/POWER", .payload = "ON", .qos = 1, .expires_in = std::chrono::seconds(60)};
}

/// A MqttCommandSink that runs in a thread of its own until the end of the test.
struct Commanding {
  Commanding(Options options, std::vector<std::string> filters, const Clock* clock = nullptr)
      : sink(std::move(options), std::move(filters), clock != nullptr ? *clock : machine_clock, log) {
    listener.is_ready = [this] { return sink.ready(); };
    thread = std::jthread([this](const std::stop_token& stop) { sink.run(listener, stop); });
  }
  ~Commanding() { stop(); }
  void stop() {
    thread.request_stop();
    if (thread.joinable()) thread.join();
  }
  bool up() {
    return stage::eventually([this] { return sink.ready(); });
  }
  bool down() {
    return stage::eventually([this] { return !sink.ready(); });
  }
  bool hears(std::size_t count) {
    return stage::eventually([&] { return listener.messages().size() >= count; });
  }
  /// Publishes in a thread of its own.
  std::future<Sent> sends(CommandPublish publish, std::stop_token stop = {}) {
    return std::async(std::launch::async, [this, publish, stop] { return sink.publish(publish, stop); });
  }
  testing::AssertionResult says(const std::string& part) {
    if (stage::eventually([&] { return log.contains(part); })) return testing::AssertionSuccess();
    testing::AssertionResult failure = testing::AssertionFailure() << "what was logged instead:";
    for (const std::string& line : log.lines()) failure << "\n  " << line;
    return failure;
  }

  SystemClock machine_clock;
  stage::RecordingLog log;
  TestListener listener;
  MqttCommandSink sink;
  std::jthread thread;
};

}  // namespace sluice::local_broker
