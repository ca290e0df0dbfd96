#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/stage/process.h"
#include "tests/stage/temp_folder.h"

namespace sluice::stage {

/// A real mosquitto on a port of 127.0.0.1 of its own, ended with this object. Its port and folder stay the same over
/// restarts. Made in the main thread of the test (see Process).
class Mosquitto {
 public:
  /// Runs when it returns. `lines` are added to its configuration; the one listener comes first, so that they may
  /// configure it. Without an `allow_anonymous` or `password_file` of theirs anyone may connect.
  explicit Mosquitto(std::vector<std::string> lines = {});

  int port() const { return port_; }
  std::filesystem::path folder() const { return folder_.path(); }
  std::string output() const;

  void start();
  void stop();     ///< SIGTERM: it saves what it persists
  void kill();     ///< SIGKILL: it does not
  void suspend();  ///< SIGSTOP: connections stay open, nothing is answered
  void resume();

  /// What makes it keep sessions and messages over stop() and start().
  static std::vector<std::string> persistence(const std::filesystem::path& folder);

 private:
  bool listens() const;

  TempFolder folder_;
  int port_;
  std::optional<Process> process_;
};

}  // namespace sluice::stage
