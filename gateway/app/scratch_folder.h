#pragma once

#include <cstdint>
#include <filesystem>

#include "gateway/core/result.h"

namespace sluice::app {

/// An empty folder of its own below another one, for a while: at the end it is gone, with all that is in it.
class ScratchFolder {
 public:
  /// `place` must be there, and have room for so many bytes. Errors: storage.
  static Result<ScratchFolder> make(const std::filesystem::path& place, std::uint64_t bytes);
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }
  /// Whether it lies in a file system that is memory: nothing there survives a power cut.
  bool in_memory() const;

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace sluice::app
