#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sluice::stage {

/// Generous: only a test that fails waits this long.
inline constexpr std::chrono::seconds patience(20);

/// Whether `condition` came true before the deadline; asked every few milliseconds.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds most = patience);

/// A child process. Killed with this object, and by the kernel with the thread that made it (prctl(2),
/// PR_SET_PDEATHSIG): make it in a thread that outlives it, in a test the main one.
class Process {
 public:
  /// `command[0]` is looked up in PATH and /usr/sbin. Standard output and error go to the end of `output`.
  /// `environment`: "NAME=value", beside the test's own.
  Process(std::vector<std::string> command, std::filesystem::path output, std::vector<std::string> environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return id_; }
  bool running();
  void signal(int number);
  /// The exit code, or 128 + the signal's number; nothing if it still runs after `most`.
  std::optional<int> wait(std::chrono::milliseconds most = patience);
  /// SIGTERM, then wait; SIGKILL after `most`.
  int stop(std::chrono::milliseconds most = patience);
  void kill();
  std::string output() const;

 private:
  std::filesystem::path output_;
  pid_t id_ = -1;
  std::optional<int> code_;
};

struct Finished {
  int code = 0;
  std::string output;  ///< standard output and error
};

/// Runs a command to its end.
Finished run_to_end(std::vector<std::string> command, std::vector<std::string> environment = {});

/// A TCP port on 127.0.0.1 that nobody listens on now.
int free_port();

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace sluice::stage
