#include "gateway/app/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include <linux/magic.h>
#include <sys/vfs.h>

namespace sluice::app {

namespace {

namespace fs = std::filesystem;

Error unusable(const fs::path& place, const std::string& why) {
  return storage_error("cannot write in " + place.string() + ": " + why +
                       "; run it as the user who may, or choose another folder of that disk with --dir");
}

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB";
}

}  // namespace

Result<ScratchFolder> ScratchFolder::make(const fs::path& place, std::uint64_t bytes) {
  std::error_code error;
  std::string name = (fs::absolute(place, error) / "selftest-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return unusable(place, std::system_category().message(errno));
  ScratchFolder folder(name);
  const fs::space_info space = fs::space(folder.path(), error);
  if (error) return unusable(place, error.message());
  if (space.available < bytes)
    return storage_error("not enough room in " + place.string() + ": " + mebibytes(bytes) + " needed, " +
                         mebibytes(space.available) + " free; make room, choose another folder with --dir, " +
                         "or let fewer messages run with --messages");
  return folder;
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool ScratchFolder::in_memory() const {
  struct statfs system {};
  if (::statfs(path_.c_str(), &system) != 0) return false;
  return system.f_type == TMPFS_MAGIC || system.f_type == static_cast<decltype(system.f_type)>(RAMFS_MAGIC);
}

}  // namespace sluice::app
