#pragma once

#include <mutex>
#include <string>

#include "connectors/local_broker/mqtt_source.h"

namespace sluice::local_broker {

/// The State that people see, and what the log says of it: each change once, however often an attempt is repeated.
/// The loop's thread tells; any thread may look.
class Status {
 public:
  /// `component`: whose connection it is, in the log.
  Status(const Options& options, const Clock& clock, Log& log, std::string component);

  /// `session`: what is said of it; empty: nothing.
  void connected(int level, const std::string& session);
  void session_lost();
  /// To something else than before: not `subscribed` until the broker has answered.
  void subscribing();
  void subscribed();
  void refused(const std::string& filters);
  /// Not connected (any more), and why.
  void down(const std::string& why);
  void stopped();

  State state() const;

 private:
  void tell(LogLevel level, const std::string& text) const;

  const Options& options_;
  const Clock& clock_;
  Log& log_;
  const std::string component_;
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace sluice::local_broker
