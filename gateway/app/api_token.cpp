#include "gateway/app/api_token.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

namespace sluice::app {

namespace {

std::filesystem::path token_file(const std::filesystem::path& data_dir) {
  return data_dir / "api.token";
}

Error file_error(const std::filesystem::path& file) {
  return storage_error(file.string() + ": " + std::strerror(errno));
}

Result<std::string> fresh_token() {
  std::array<unsigned char, 32> random{};
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return storage_error("no random bytes: " + std::string(std::strerror(errno)));
  constexpr char digits[] = "0123456789abcdef";
  std::string token;
  for (const unsigned char byte : random) {
    token += digits[byte >> 4];
    token += digits[byte & 15];
  }
  return token;
}

}  // namespace

Result<std::string> read_api_token(const std::filesystem::path& data_dir) {
  std::ifstream in(token_file(data_dir));
  std::string token;
  if (!in || !std::getline(in, token) || token.empty()) return file_error(token_file(data_dir));
  return token;
}

Result<std::string> kept_api_token(const std::filesystem::path& data_dir) {
  if (auto token = read_api_token(data_dir)) return token;
  auto token = fresh_token();
  if (!token) return token;
  const std::filesystem::path file = token_file(data_dir);
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(file);
  const std::string line = *token + "\n";
  const bool written = write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(fd) == 0;
  close(fd);
  if (!written) return file_error(file);
  return token;
}

}  // namespace sluice::app
