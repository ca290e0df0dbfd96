#pragma once

#include <filesystem>
#include <string>

#include <stdlib.h>
#include <unistd.h>

#include "gateway/core/assert.h"

namespace sluice::stage {

/// A folder of one's own, gone at the end of the test.
class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string pattern = (in / "sluice-test-XXXXXX").string();
    SLUICE_ASSERT(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Where files need no disk, if the system has such a place: for tests that write thousands of them.
inline std::filesystem::path memory_disk() {
  const char* place = "/dev/shm";
  return access(place, W_OK) == 0 ? std::filesystem::path(place) : std::filesystem::temp_directory_path();
}

}  // namespace sluice::stage
