#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "connectors/mqtt/wake.h"
#include "gateway/core/clock.h"
#include "gateway/core/ports.h"

namespace sluice::local_broker {

/// One publish on its way from the thread that wants it sent to the one that has the connection. Decides under one lock
/// what may be said of it: until it is taken it can be withdrawn, and has certainly not been sent; from then on it may
/// have left, and whoever gives it up makes the connection end, with the client and what that still holds.
class CommandHandover {
 public:
  using Sent = CommandSink::Sent;

  CommandHandover(std::shared_ptr<mqtt::Wake> wake, const Clock& clock) : wake_(std::move(wake)), clock_(clock) {}

  /// Blocks until the publish has ended, at most `most`. One thread at a time.
  Sent give(const CommandPublish& publish, Duration most, const std::stop_token& stop);
  /// Whether a publish is taken now. Any thread.
  bool is_open() const;

  // The rest is for the thread that has the connection.

  /// A connection is ready.
  void open();
  /// No connection is left, and no client. What was taken may have been sent; what waits was not.
  void close();

  /// Whether a publish was taken and has not ended.
  bool busy() const;
  /// Whether a publish waits to be taken.
  bool waits() const;
  /// What is to be published now, with what is left of its expires_in; from here on it may have been sent. One that has
  /// expired while it waited ends as not sent.
  std::optional<CommandPublish> take();
  /// How the one that was taken has ended.
  void end(Sent sent);
  /// What was taken is not waited for any more: the client must go, so that it never sends it later.
  bool abandoned() const;

 private:
  enum class Stage { none, waiting, taken, ended };

  void finish(Sent sent);  ///< with the lock held

  const std::shared_ptr<mqtt::Wake> wake_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  bool abandoned_ = false;
  Stage stage_ = Stage::none;
  CommandPublish publish_;
  Instant given_at_{};
  Sent sent_ = Sent::not_sent;
};

}  // namespace sluice::local_broker
