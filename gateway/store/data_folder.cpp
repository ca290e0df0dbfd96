#include "gateway/store/data_folder.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::store {

namespace {

/// Which may pass without a change of the configuration: a service is started again then.
bool is_of_the_disk(int error) {
  return error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO;
}

Error unusable(const std::filesystem::path& folder, const std::string& what, int error) {
  const std::string text =
      "data_dir " + folder.string() + " cannot be used: " + what + ": " + std::system_category().message(error);
  if (is_of_the_disk(error)) return storage_error(text);
  return config_error(text + "; give it to the user that runs sluice, or choose another data_dir");
}

bool sync_folder(const std::filesystem::path& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  const bool synced = ::fsync(folder) == 0;
  ::close(folder);
  return synced;
}

Result<> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return {};
  std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) return unusable(path, "making it", errno);
  if (!std::filesystem::is_directory(path, error)) return unusable(path, "making it", ENOTDIR);
  if (!sync_folder(path.has_parent_path() ? path.parent_path() : ".")) return unusable(path, "syncing it", errno);
  return {};
}

std::string holder(int lock) {
  char text[32];
  const ssize_t size = ::pread(lock, text, sizeof text, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "another sluice" : "another sluice (process " + pid + ")";
}

// For the message above alone: on a full disk the lock holds without it.
void write_pid(int lock) {
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(lock, pid.data(), pid.size(), 0);
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::filesystem::path& given) {
  // With a slash at the end it would be its own parent.
  const std::filesystem::path path = given.has_filename() ? given : given.parent_path();
  if (auto made = make_folder(path); !made) return made.error();
  const std::filesystem::path file = path / "lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return unusable(path, "opening " + file.string(), errno);
  DataFolder folder(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return unusable(path, "locking " + file.string(), errno);
    return config_error("data_dir " + path.string() + " is in use by " + holder(lock) +
                        ": stop that one, or give this one a data_dir of its own");
  }
  write_pid(lock);
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<> DataFolder::make_file(const std::string& name) const {
  const std::filesystem::path file = path_ / name;
  const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (made < 0) return unusable(path_, "opening " + file.string(), errno);
  ::close(made);
  if (!sync_folder(path_)) return unusable(path_, "syncing it", errno);
  return {};
}

Result<> DataFolder::write_file(const std::string& name, const std::string& text) const {
  const std::string file = path_ / name, next = file + ".new";
  const int made = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool done = made >= 0 && ::write(made, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  done = done && ::fsync(made) == 0;
  const int error = errno;
  if (made >= 0) ::close(made);
  if (!done) return storage_error(next + " cannot be written: " + std::system_category().message(error));
  if (::rename(next.c_str(), file.c_str()) != 0)
    return storage_error(file + " cannot be written: " + std::system_category().message(errno));
  return sync();
}

Result<> DataFolder::sync() const {
  if (sync_folder(path_)) return {};
  return storage_error(path_.string() + " cannot be synced: " + std::system_category().message(errno));
}

}  // namespace sluice::store
