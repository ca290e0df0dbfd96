#include "gateway/app/kept_filters.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include "gateway/core/topic_filter.h"

namespace sluice::app {

namespace {

Error file_error(const std::filesystem::path& file) {
  return storage_error(file.string() + ": " + std::strerror(errno));
}

/// Written beside and renamed: a crash leaves the old list or the new one.
Result<> replace(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path beside = file.string() + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(beside);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  close(fd);
  if (!written || rename(beside.c_str(), file.c_str()) != 0) return file_error(file);
  const int folder = open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool kept = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  return kept ? Result<>() : file_error(file.parent_path());
}

}  // namespace

Result<std::vector<std::string>> keep_filters(const std::filesystem::path& data_dir,
                                              const std::vector<std::string>& filters) {
  const std::filesystem::path file = data_dir / "filters";
  std::set<std::string> kept;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (is_valid_filter(line)) kept.insert(line);
  const std::vector<std::string> former(kept.begin(), kept.end());
  kept.insert(filters.begin(), filters.end());
  if (kept.size() == former.size()) return former;
  std::string text;
  for (const std::string& filter : kept) text += filter + "\n";
  if (auto done = replace(file, text); !done) return done.error();
  return former;
}

}  // namespace sluice::app
