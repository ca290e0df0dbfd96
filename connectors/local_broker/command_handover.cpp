#include "connectors/local_broker/command_handover.h"

#include <utility>

#include "gateway/core/assert.h"

namespace sluice::local_broker {

CommandSink::Sent CommandHandover::give(const CommandPublish& publish, Duration most, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!open_ || abandoned_) return Sent::not_sent;
  SLUICE_ASSERT(stage_ == Stage::none);
  publish_ = publish;
  given_at_ = clock_.now();
  stage_ = Stage::waiting;
  wake_->call();
  changed_.wait_for(lock, stop, most, [this] { return stage_ == Stage::ended; });
  const Stage reached = std::exchange(stage_, Stage::none);
  if (reached == Stage::ended) return sent_;
  if (reached == Stage::waiting) return Sent::not_sent;
  abandoned_ = true;
  wake_->call();
  return Sent::unknown;
}

bool CommandHandover::is_open() const {
  const std::lock_guard lock(mutex_);
  return open_ && !abandoned_;
}

void CommandHandover::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
}

void CommandHandover::close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  abandoned_ = false;
  if (stage_ != Stage::waiting && stage_ != Stage::taken) return;
  finish(stage_ == Stage::taken ? Sent::unknown : Sent::not_sent);
}

bool CommandHandover::busy() const {
  const std::lock_guard lock(mutex_);
  return stage_ == Stage::taken || abandoned_;
}

bool CommandHandover::waits() const {
  const std::lock_guard lock(mutex_);
  return stage_ == Stage::waiting;
}

std::optional<CommandPublish> CommandHandover::take() {
  const std::lock_guard lock(mutex_);
  if (stage_ != Stage::waiting) return std::nullopt;
  const Instant::duration waited = clock_.now() - given_at_;
  if (waited >= publish_.expires_in) {
    finish(Sent::not_sent);
    return std::nullopt;
  }
  stage_ = Stage::taken;
  publish_.expires_in -= std::chrono::floor<std::chrono::seconds>(waited);
  return std::move(publish_);
}

void CommandHandover::end(Sent sent) {
  const std::lock_guard lock(mutex_);
  if (stage_ == Stage::taken) finish(sent);
}

void CommandHandover::finish(Sent sent) {
  sent_ = sent;
  stage_ = Stage::ended;
  changed_.notify_all();
}

bool CommandHandover::abandoned() const {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

}  // namespace sluice::local_broker
