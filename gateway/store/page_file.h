#pragma once

#include <cstdint>
#include <filesystem>
#include <unordered_map>
#include <vector>

#include "gateway/core/result.h"
#include "gateway/store/database.h"

namespace sluice::store {

/// The pages of a database file as they lie on the disk, the newest of each that its log (`-wal`) holds before that of
/// the file: without SQLite, which reads nothing where the wrong page is damaged. Read only; whatever the bytes.
/// Formats: https://sqlite.org/fileformat2.html, sections 1 and 4.
class PageFile {
 public:
  static constexpr std::size_t page_size = 4096;  ///< of every database that the gateway makes

  static Result<PageFile> open(const std::filesystem::path& file);
  PageFile(PageFile&& other) noexcept;
  PageFile& operator=(PageFile&&) = delete;
  ~PageFile();

  std::uint32_t count() const { return count_; }  ///< pages are numbered from 1
  /// A page, if it can be read; it lives until the next call.
  Bytes read(std::uint32_t number);

  /// Whether frames of the log are broken although later commits stand behind them: those had been synced, and SQLite
  /// would pass over them without a word. What a power cut leaves of the last commit alone is no damage.
  bool log_is_broken() const { return log_is_broken_; }

 private:
  PageFile() = default;
  void read_log();
  bool read_at(int file, std::uint64_t offset, std::size_t size);

  int file_ = -1, log_ = -1;
  std::uint32_t count_ = 0;
  bool log_is_broken_ = false;
  std::unordered_map<std::uint32_t, std::uint64_t> in_log_;  ///< page to where it begins
  std::vector<std::uint8_t> page_;
};

/// Unsigned, the most significant byte first.
std::uint32_t big_endian(Bytes bytes, std::size_t at, std::size_t size);

}  // namespace sluice::store
