#include "gateway/normalize/jq_worker.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/core/clock.h"
#include "gateway/normalize/jq_program.h"

namespace sluice::normalize {

namespace {

using namespace std::chrono_literals;
using Deadline = std::chrono::steady_clock::time_point;

constexpr Duration compile_time_max = 20s;
constexpr Duration poll_time_max = 60s;
constexpr rlim_t memory_max = 256ul * 1024 * 1024;
constexpr std::uint32_t answer_size_max = 16 * 1024 * 1024;

struct Question {
  std::uint32_t program;
  std::uint32_t size;
};
struct Answer {
  std::uint32_t kind;
  std::uint32_t size;
};

/// Waits until the channel can be used, at the longest until the deadline.
bool wait_for(int channel, short events, Deadline until) {
  while (true) {
    const auto left = std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd one{channel, events, 0};
    const int ready = poll(&one, 1, static_cast<int>(std::min(left, poll_time_max).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool send_all(int channel, const void* bytes, std::size_t size, Deadline until) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    if (!wait_for(channel, POLLOUT, until)) return false;
    const ssize_t sent = send(channel, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent <= 0) continue;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int channel, void* bytes, std::size_t size, Deadline until) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    if (!wait_for(channel, POLLIN, until)) return false;
    const ssize_t got = recv(channel, at, size, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (got < 0) continue;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

/// The other side of the channel: the process that runs the programs.
class Kitchen {
 public:
  Kitchen(int channel, const std::vector<std::string>& programs) : channel_(channel), programs_(programs) {}

  [[noreturn]] void run() {
    shut_in();
    // What the environment holds is none of a program's business. (libjq wants one that is there: no clearenv.)
    static char* nothing[] = {nullptr};
    environ = nothing;
    std::string wrong;
    for (const std::string& program : programs_) compiled_.push_back(JqProgram::compile(program, wrong));
    const std::uint32_t ready = 1;
    bool goes_on = send_all(channel_, &ready, sizeof ready, Deadline::max());
    while (goes_on) goes_on = answer_one();
    _exit(0);
  }

 private:
  /// Takes away what a program must not reach: files, signals meant for the gateway, memory.
  void shut_in() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "sluice-jq");
    for (const int one : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) signal(one, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    channel_ = dup2(channel_, 3);
    const int nowhere = open("/dev/null", O_RDWR);
    for (int standard = 0; standard < 3 && nowhere >= 0; ++standard) dup2(nowhere, standard);
    close_range(4, ~0u, 0);
    // Counted from what the gateway had when this process came from it.
    std::ifstream statm("/proc/self/statm");
    rlim_t pages[6] = {};
    for (rlim_t& one : pages) statm >> one;
    const rlim_t limit = pages[5] * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + memory_max;
    const rlimit bound{limit, limit};
    setrlimit(RLIMIT_DATA, &bound);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
  }

  bool answer_one() {
    Question question{};
    if (!receive_all(channel_, &question, sizeof question, Deadline::max())) return false;
    std::string json(question.size, '\0');
    if (!receive_all(channel_, json.data(), json.size(), Deadline::max())) return false;
    JqProgram::Outcome outcome{JqProgram::Outcome::Kind::failure, "cannot be compiled"};
    if (compiled_[question.program] != nullptr) outcome = compiled_[question.program]->run(json);
    const Answer answer{static_cast<std::uint32_t>(outcome.kind), static_cast<std::uint32_t>(outcome.text.size())};
    return send_all(channel_, &answer, sizeof answer, Deadline::max()) &&
           send_all(channel_, outcome.text.data(), outcome.text.size(), Deadline::max());
  }

  int channel_;
  const std::vector<std::string>& programs_;
  std::vector<std::unique_ptr<JqProgram>> compiled_;
};

}  // namespace

Result<> JqWorker::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return unavailable("no channel to its process: " + std::string(std::strerror(errno)));
  process_ = fork();
  if (process_ == 0) Kitchen(ends[1], programs_).run();
  close(ends[1]);
  channel_ = ends[0];
  std::uint32_t ready = 0;
  if (process_ > 0 && receive_all(channel_, &ready, sizeof ready, std::chrono::steady_clock::now() + compile_time_max))
    return {};
  return unavailable("its process did not start");
}

void JqWorker::stop() {
  if (channel_ >= 0) close(channel_);
  channel_ = -1;
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

std::string JqWorker::too_long() const {
  return "the program took longer than " + std::to_string(time_max_.count()) + " s";
}

Result<std::string> JqWorker::fail(std::string why) {
  stop();
  return invalid(std::move(why));
}

Result<std::string> JqWorker::run(std::size_t program, std::string_view json) {
  while (json.ends_with('\0')) json.remove_suffix(1);
  if (channel_ < 0)
    if (const Result<> started = start(); !started) return fail(started.error().message);
  const Deadline until = std::chrono::steady_clock::now() + time_max_;
  const Question question{static_cast<std::uint32_t>(program), static_cast<std::uint32_t>(json.size())};
  Answer answer{};
  const bool answered = send_all(channel_, &question, sizeof question, until) &&
                        send_all(channel_, json.data(), json.size(), until) &&
                        receive_all(channel_, &answer, sizeof answer, until);
  if (!answered) {
    const bool late = std::chrono::steady_clock::now() >= until;
    return fail(late ? too_long() : "the program took more than 256 MiB, or failed in itself");
  }
  if (answer.size > answer_size_max) return fail("the result is larger than 16 MiB");
  std::string text(answer.size, '\0');
  if (!receive_all(channel_, text.data(), text.size(), until)) return fail(too_long());
  switch (static_cast<JqProgram::Outcome::Kind>(answer.kind)) {
    case JqProgram::Outcome::Kind::value:
      return text;
    case JqProgram::Outcome::Kind::nothing:
      return std::string();
    case JqProgram::Outcome::Kind::failure:
      break;
  }
  return invalid(text);
}

std::string check_jq(const std::string& program) {
  std::string wrong;
  (void)JqProgram::compile(program, wrong);
  return wrong;
}

}  // namespace sluice::normalize
