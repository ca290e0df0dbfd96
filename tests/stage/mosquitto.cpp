#include "tests/stage/mosquitto.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::stage {

Mosquitto::Mosquitto(std::vector<std::string> lines) : port_(free_port()) {
  std::string text = "listener " + std::to_string(port_) + " 127.0.0.1\n";
  bool logins = false;
  for (const std::string& line : lines) {
    text += line + "\n";
    logins = logins || line.starts_with("allow_anonymous") || line.starts_with("password_file");
  }
  if (!logins) text += "allow_anonymous true\n";
  // Started by root it would become the user "mosquitto", who may not write to a test's folder.
  if (geteuid() == 0) text += "user root\n";
  text += "log_type all\nconnection_messages true\n";
  write_file(folder_ / "mosquitto.conf", text);
  start();
}

std::string Mosquitto::output() const {
  return read_file(folder_ / "output");
}

bool Mosquitto::listens() const {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(socket);
  return connected;
}

void Mosquitto::start() {
  SLUICE_ASSERT(!process_);
  process_.emplace(std::vector<std::string>{"mosquitto", "-c", (folder_ / "mosquitto.conf").string()},
                   folder_ / "output");
  const bool up = eventually([this] { return listens() || !process_->running(); }) && process_->running();
  if (!up) write_file("/dev/stderr", output());
  SLUICE_ASSERT(up);
}

void Mosquitto::stop() {
  process_->stop();
  process_.reset();
}

void Mosquitto::kill() {
  process_->kill();
  process_.reset();
}

void Mosquitto::suspend() {
  process_->signal(SIGSTOP);
}

void Mosquitto::resume() {
  process_->signal(SIGCONT);
}

std::vector<std::string> Mosquitto::persistence(const std::filesystem::path& folder) {
  return {"persistence true", "persistence_location " + folder.string() + "/", "autosave_interval 1"};
}

}  // namespace sluice::stage
