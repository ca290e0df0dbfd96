#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/webhook/command_poll.h"
#include "connectors/webhook/outcome_post.h"
#include "gateway/core/assert.h"
#include "tests/webhook/peers.h"

namespace sluice::webhook {

inline constexpr const char* one_command = R"([{"id":"c-1","device":"tasmota/kitchen","command":"power"}])";

/// Keeps what it is handed, and takes it or not, as told.
class RecordingAcceptor final : public CommandAcceptor {
 public:
  using Taken = Result<std::vector<CommandAnswer>>;
  using Take = std::function<Taken(const CommandMessage&)>;

  static Taken one_taken(const CommandMessage&) { return std::vector<CommandAnswer>{CommandAnswer{.id = "c-1"}}; }
  static Taken nothing_durable(const CommandMessage&) { return storage_error("the disk is full"); }

  explicit RecordingAcceptor(Take take = one_taken) : take_(std::move(take)) {}

  Taken accept(const std::string& origin, const CommandMessage& message) override {
    const std::lock_guard lock(mutex_);
    origins_.push_back(origin);
    messages_.push_back(message);
    return take_(message);
  }
  void take_with(Take take) {
    const std::lock_guard lock(mutex_);
    take_ = std::move(take);
  }
  std::vector<CommandMessage> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> origins() const {
    const std::lock_guard lock(mutex_);
    return origins_;
  }

 private:
  mutable std::mutex mutex_;
  Take take_;
  std::vector<std::string> origins_;
  std::vector<CommandMessage> messages_;
};

/// The address that commands are asked of.
inline Url poll_url(int port, bool tls = false) {
  return {tls, "127.0.0.1", port, "/commands?code=poll-secret"};
}

/// The options of a sink whose downlink asks a peer.
inline Options downlink_options(int port, bool tls = false) {
  Sender sender(port, tls);
  Downlink downlink;
  downlink.poll = poll_url(port, tls);
  sender.options.downlink = downlink;
  return sender.options;
}

/// What asks a peer for commands, step by step.
struct Poller {
  explicit Poller(int port, bool tls = false) : options(downlink_options(port, tls)) {}

  Duration step(std::stop_token stop = {}) {
    if (!poll) {
      Result<Channel> channel = Channel::make(options, *options.downlink->poll, clock);
      SLUICE_ASSERT(channel.has_value());
      poll.emplace(options.name, std::move(*channel), options.downlink->every, log);
    }
    return poll->step(acceptor, stop);
  }
  int told(const std::string& part) const {
    int count = 0;
    for (const std::string& line : log.lines()) count += line.find(part) != std::string::npos;
    return count;
  }

  Options options;
  stage::FakeClock clock;
  stage::RecordingLog log;
  RecordingAcceptor acceptor;
  std::optional<CommandPoll> poll;
};

}  // namespace sluice::webhook
