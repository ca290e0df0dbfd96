#include "connectors/local_broker/status.h"

#include <utility>

#include "connectors/mqtt/words.h"

namespace sluice::local_broker {

Status::Status(const Options& options, const Clock& clock, Log& log, std::string component)
    : options_(options), clock_(clock), log_(log), component_(std::move(component)) {
  state_.since = clock_.wall_time();
}

void Status::tell(LogLevel level, const std::string& text) const {
  log_.write(level, component_, text);
}

void Status::connected(int level, const std::string& session) {
  const std::lock_guard lock(mutex_);
  state_.connected = true;
  state_.subscribed = false;
  state_.since = clock_.wall_time();
  state_.last_error.clear();
  state_.protocol = level == 5 ? "5" : "3.1.1";
  tell(LogLevel::info, "connected to " + mqtt::words_of(options_.address) + ", MQTT " + state_.protocol +
                           (session.empty() ? "" : ", " + session));
}

void Status::session_lost() {
  const std::lock_guard lock(mutex_);
  ++state_.session_lost_total;
  tell(LogLevel::warning,
       "the broker has forgotten the session: messages it kept for the gateway while it was away are lost. Its "
       "persistence may be off, or its session expiry too short");
}

void Status::subscribing() {
  const std::lock_guard lock(mutex_);
  state_.subscribed = false;
}

void Status::subscribed() {
  const std::lock_guard lock(mutex_);
  if (state_.subscribed) return;
  state_.subscribed = true;
  state_.last_error.clear();
  if (options_.filters.empty()) return;
  tell(LogLevel::info, "subscribed to " + std::to_string(options_.filters.size()) +
                           (options_.filters.size() == 1 ? " filter" : " filters"));
}

void Status::refused(const std::string& filters) {
  const std::lock_guard lock(mutex_);
  const std::string error = "the broker does not grant the subscription to " + filters;
  if (state_.last_error == error) return;
  state_.last_error = error;
  tell(LogLevel::error, error);
}

void Status::down(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (state_.connected) state_.since = clock_.wall_time();
  const bool told = !state_.connected && state_.last_error == why;
  state_.connected = false;
  state_.subscribed = false;
  state_.last_error = why;
  if (!told)
    tell(LogLevel::warning, "not connected to " + mqtt::words_of(options_.address) + ": " + why + "; trying again");
}

void Status::stopped() {
  const std::lock_guard lock(mutex_);
  if (state_.connected) state_.since = clock_.wall_time();
  state_.connected = false;
  state_.subscribed = false;
}

State Status::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace sluice::local_broker
