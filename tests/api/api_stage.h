#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gateway/api/api.h"
#include "gateway/api/request_target.h"
#include "tests/stage/recording_log.h"

namespace sluice::api {

/// What an outcome looks like; `state` "accepted" has not ended.
inline CommandAnswer an_answer(const std::string& id, CommandState state, int status, const std::string& reason = {}) {
  CommandAnswer answer;
  answer.id = id;
  answer.state = state;
  answer.ended = state != CommandState::accepted;
  answer.status = status;
  answer.reason = reason;
  answer.text = R"({"id":")" + id + R"(","outcome":")" + std::string(name_of(state)) + R"("})";
  return answer;
}

/// An Api with a downlink that notes what it is given. Requests are what a script on this machine with the token sends,
/// unless a test changes that.
class ApiStage : public testing::Test {
 protected:
  static constexpr const char* power = "/api/v1/devices/tasmota/kitchen/commands/power";
  using Headers = std::multimap<std::string, std::string>;

  ApiStage()
      : api_(
            {"secret-token", {"pi.local"}}, [] { return Picture{}; }, downlink(), &log_) {
    request_.method = "POST";
    request_.body = R"({"state":"ON"})";
    request_.remote_address = "127.0.0.1";
    request_.from_loopback = true;
    request_.headers = {
        {"host", "127.0.0.1:8420"}, {"authorization", "Bearer secret-token"}, {"content-type", "application/json"}};
  }

  Downlink downlink() {
    Downlink downlink;
    downlink.command = [this](CommandMessage message) -> Result<CommandAnswer> {
      taken_.push_back(std::move(message));
      return taken_answer_;
    };
    downlink.look = [this](const std::string& id, Duration most) -> std::optional<CommandAnswer> {
      looked_.emplace_back(id, most);
      return looked_answer_;
    };
    downlink.commands = [] { return std::string(R"([{"id":"1"}])"); };
    downlink.devices = [] { return std::string(R"([{"device":"tasmota/kitchen"}])"); };
    downlink.device = [](const std::string& name) -> std::optional<std::string> {
      if (name == "tasmota/nobody") return std::nullopt;
      std::string text = R"({"device":)" + nlohmann::json(name).dump();
      return text += '}';
    };
    return downlink;
  }

  void set(const std::string& name, const std::string& value) {
    request_.headers.erase(name);
    request_.headers.emplace(name, value);
  }
  Response ask(const std::string& target = power) {
    Request request = request_;
    EXPECT_TRUE(read_target(target, request));
    return api_.answer(request);
  }
  Response get(const std::string& target) {
    request_.method = "GET";
    request_.headers = {{"host", "localhost:8420"}};
    return ask(target);
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }

  stage::RecordingLog log_;
  std::vector<CommandMessage> taken_;
  Result<CommandAnswer> taken_answer_ = an_answer("7", CommandState::accepted, 202);
  std::vector<std::pair<std::string, Duration>> looked_;
  std::optional<CommandAnswer> looked_answer_ = an_answer("7", CommandState::succeeded, 200);
  Api api_;
  Request request_;
};

}  // namespace sluice::api
