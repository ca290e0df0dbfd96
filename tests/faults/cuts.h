#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/faults/cut_disk.h"
#include "tests/faults/faulty_disk.h"

namespace sluice::store {

/// The files of a folder; those that SQLite maps into memory, and the lock, aside.
Files files_in(const std::filesystem::path& folder);
/// Makes the folder hold these alone.
void lay_out(const std::filesystem::path& folder, const Files& files);

/// Cuts the power at every change of a trace and in every way, each state of the disk once.
class Cuts {
 public:
  struct Cut {
    std::size_t at;  ///< changes that were made by then
    CutDisk::Way way;
    Files files;
  };
  Cuts(Files begin, const std::vector<DiskChange>& changes, unsigned seed)
      : begin_(std::move(begin)), changes_(changes), seed_(seed) {}

  /// `check` is called for each state of the disk that was not seen with as many promises (`promises(at)`) before;
  /// false ends it. Ways with dice are tried so many times.
  void try_all(int times, const std::function<std::size_t(std::size_t at)>& promises,
               const std::function<bool(const Cut&)>& check);

  std::uint64_t cuts() const { return cuts_; }      ///< all of them
  std::uint64_t states() const { return states_; }  ///< that were looked at

 private:
  bool try_way(const CutDisk& disk, std::size_t at, CutDisk::Way way, std::size_t promises,
               const std::function<bool(const Cut&)>& check);

  const Files begin_;
  const std::vector<DiskChange>& changes_;
  const unsigned seed_;
  std::set<std::size_t> seen_;
  std::mt19937 random_;
  std::uint64_t cuts_ = 0, states_ = 0;
};

}  // namespace sluice::store
