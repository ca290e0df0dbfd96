#pragma once

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "connectors/cloud_mqtt/mqtt_sink.h"
#include "connectors/cloud_mqtt/topic_template.h"
#include "gateway/core/record_id.h"
#include "tests/stage/process.h"
#include "tests/stage/recording_log.h"

namespace sluice::cloud_mqtt {

inline Options options_for(int port) {
  Options options;
  options.name = "far";
  options.gateway_id = "home-pi";
  options.address = {"127.0.0.1", port, false};
  options.client_id = "me";
  options.topics = std::make_shared<TopicTemplate>(*TopicTemplate::parse("up/{gateway}/{name}", "home-pi"));
  return options;
}

/// A MqttSink that keeps its connection until the end of the test.
struct Running {
  explicit Running(Options options) : sink(*MqttSink::make(std::move(options), clock, log)) {
    keeper = std::jthread([this](const std::stop_token& ended) { sink->keep(ended); });
  }
  ~Running() {
    stop.request_stop();
    keeper.request_stop();
  }

  std::vector<Record> records(int count, std::size_t padding = 0) {
    std::vector<Record> made;
    for (int i = 0; i < count; ++i) {
      Record& record = made.emplace_back();
      record.id = ids.next();
      record.device = "d/" + std::to_string(i);
      record.schema = "a/b";
      record.time = clock.wall_time();
      record.data = R"({"n":)" + std::to_string(i) + R"(,"pad":")" + std::string(padding, 'x') + "\"}";
    }
    return made;
  }
  /// Delivers in the background; `all` must live until the answer is there.
  std::future<std::vector<Verdict>> deliver(const std::vector<Record>& all) {
    return std::async(std::launch::async, [this, &all] { return sink->deliver(all, stop.get_token()); });
  }
  testing::AssertionResult says(const std::string& part) {
    if (stage::eventually([&] { return sink->link()->why.find(part) != std::string::npos; }))
      return testing::AssertionSuccess();
    return testing::AssertionFailure() << "it says: " << sink->link()->why;
  }
  bool up() {
    return stage::eventually([this] { return sink->link()->health == Link::Health::up; });
  }
  bool paused() const { return sink->link()->health == Link::Health::paused; }

  SystemClock clock;
  stage::RecordingLog log;
  RecordIds ids{clock};
  std::unique_ptr<MqttSink> sink;
  std::stop_source stop;
  std::jthread keeper;
};

/// "aaar": accepted, accepted, accepted, rejected; d deferred, p paused.
inline std::string outcomes(const std::vector<Verdict>& verdicts) {
  std::string text;
  for (const Verdict& verdict : verdicts)
    text += verdict.outcome == Outcome::accepted   ? 'a'
            : verdict.outcome == Outcome::rejected ? 'r'
            : verdict.paused                       ? 'p'
                                                   : 'd';
  return text;
}

}  // namespace sluice::cloud_mqtt
