#include "tests/stage/process.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/core/assert.h"
#include "tests/stage/temp_folder.h"

namespace sluice::stage {
namespace {

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return name;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// Between fork and exec: only what signal-safety(7) allows.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int output,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  execve(program, arguments, environment);
  _exit(127);
}

}  // namespace

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  return true;
}

Process::Process(std::vector<std::string> command, std::filesystem::path output, std::vector<std::string> environment)
    : output_(std::move(output)) {
  const std::string program = find_program(command.at(0));
  for (char** one = environ; *one != nullptr; ++one) environment.emplace_back(*one);
  const std::vector<char*> arguments = pointers(command);
  const std::vector<char*> variables = pointers(environment);
  const int file = open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  SLUICE_ASSERT(file >= 0);
  const pid_t parent = getpid();
  id_ = fork();
  SLUICE_ASSERT(id_ >= 0);
  if (id_ == 0) become(program.c_str(), arguments.data(), variables.data(), file, parent);
  close(file);
}

Process::~Process() {
  kill();
}

bool Process::running() {
  if (code_) return false;
  int status = 0;
  if (waitpid(id_, &status, WNOHANG) != id_) return true;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

void Process::signal(int number) {
  if (running()) ::kill(id_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds most) {
  eventually([this] { return !running(); }, most);
  return code_;
}

int Process::stop(std::chrono::milliseconds most) {
  signal(SIGTERM);
  if (!wait(most)) kill();
  return *code_;
}

void Process::kill() {
  signal(SIGKILL);
  SLUICE_ASSERT(wait().has_value());
}

std::string Process::output() const {
  return read_file(output_);
}

Finished run_to_end(std::vector<std::string> command, std::vector<std::string> environment) {
  const TempFolder folder;
  Process process(std::move(command), folder / "output", std::move(environment));
  const std::optional<int> code = process.wait(std::chrono::minutes(1));
  process.kill();
  return {code.value_or(128 + SIGKILL), process.output()};
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  SLUICE_ASSERT(bind(socket, reinterpret_cast<sockaddr*>(&address), length) == 0);
  SLUICE_ASSERT(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  close(socket);
  return ntohs(address.sin_port);
}

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  SLUICE_ASSERT(file.flush().good());
}

}  // namespace sluice::stage
