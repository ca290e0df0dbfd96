#include "tests/faults/cuts.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

namespace sluice::store {

namespace {

bool has_dice(CutDisk::Way way) {
  return way != CutDisk::Way::lost && way != CutDisk::Way::kept && way != CutDisk::Way::last_alone &&
         way != CutDisk::Way::room;
}

std::size_t digest_of(const Files& files, std::size_t promises) {
  std::size_t digest = promises;
  for (const auto& [name, content] : files) {
    digest = digest * 1'000'003 + std::hash<std::string>()(name);
    digest = digest * 1'000'003 + std::hash<std::string>()(content);
  }
  return digest;
}

}  // namespace

Files files_in(const std::filesystem::path& folder) {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "lock" || name.ends_with("-shm")) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[name].assign(std::istreambuf_iterator<char>(in), {});
  }
  return files;
}

void lay_out(const std::filesystem::path& folder, const Files& files) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const auto& [name, content] : files)
    std::ofstream(folder / name, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

void Cuts::try_all(int times, const std::function<std::size_t(std::size_t)>& promises,
                   const std::function<bool(const Cut&)>& check) {
  CutDisk disk(begin_);
  random_.seed(seed_);
  for (std::size_t at = 0; at <= changes_.size(); ++at) {
    for (const CutDisk::Way way : CutDisk::ways)
      for (int time = 0; time < (has_dice(way) && disk.waiting() > 0 ? times : 1); ++time)
        if (!try_way(disk, at, way, promises(at), check)) return;
    if (at < changes_.size()) disk.take(changes_[at]);
  }
}

bool Cuts::try_way(const CutDisk& disk, std::size_t at, CutDisk::Way way, std::size_t promises,
                   const std::function<bool(const Cut&)>& check) {
  cuts_ += 1;
  if (disk.waiting() == 0 && way != CutDisk::ways[0]) return true;  // whatever the way, it holds the same
  const Cut cut{at, way, disk.cut(way, random_)};
  if (!seen_.insert(digest_of(cut.files, promises)).second) return true;
  states_ += 1;
  return check(cut);
}

}  // namespace sluice::store
