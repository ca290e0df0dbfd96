#pragma once

#include <filesystem>
#include <string>

#include "gateway/core/result.h"

namespace sluice::store {

/// The gateway's own folder, made (0750) if need be, and held against a second instance by a lock (flock(2)) on the
/// file `lock` in it, which holds the pid. Let go at the end, or by the kernel when the process ends in any way.
class DataFolder {
 public:
  static Result<DataFolder> open(const std::filesystem::path& path);
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();

  /// Makes an empty file that nobody else can read (0600), if it is not there; its name is durable on return.
  Result<> make_file(const std::string& name) const;
  /// A small text in a file of its own (0600), all or nothing and durable on return.
  Result<> write_file(const std::string& name, const std::string& text) const;
  /// What was named, renamed or removed in it is durable on return.
  Result<> sync() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_;
};

}  // namespace sluice::store
