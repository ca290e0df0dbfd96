#pragma once

#include <mutex>
#include <string>

#include "connectors/local_broker/mqtt_source.h"

namespace sluice::local_broker {

/// The State that people see, and what the log says of it: each change once, however often an attempt is repeated.
/// The loop's thread tells; any thread may look.
class Status {
 public:
  Status(const Options& options, const Clock& clock, Log& log);

  void connected(int level, bool session_present);
  void session_lost();
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
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace sluice::local_broker
