#include "gateway/store/page_file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::store {

namespace {

constexpr std::size_t log_header_size = 32;
constexpr std::size_t frame_header_size = 24;
constexpr std::uint32_t log_magic = 0x377f0682;  // the last bit: how checksums read their words
constexpr std::uint64_t log_pages_max = 1 << 20;
constexpr std::uint64_t pages_max = 1 << 30;

struct Checksum {
  std::uint32_t first = 0, second = 0;
  bool operator==(const Checksum&) const = default;

  void add(Bytes bytes, bool most_significant_first) {
    const auto word = [&](std::size_t at) {
      return most_significant_first ? big_endian(bytes, at, 4) : __builtin_bswap32(big_endian(bytes, at, 4));
    };
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(at) + second;
      second += word(at + 4) + first;
    }
  }
};

Checksum stored_checksum(Bytes header, std::size_t at) {
  return {big_endian(header, at, 4), big_endian(header, at + 4, 4)};
}

std::uint64_t size_of(int file) {
  struct stat about {};
  return file >= 0 && ::fstat(file, &about) == 0 && S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size)
                                                                           : 0;
}

}  // namespace

std::uint32_t big_endian(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) number = number << 8 | bytes[at + i];
  return number;
}

Result<PageFile> PageFile::open(const std::filesystem::path& path) {
  PageFile file;
  file.file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file.file_ < 0 && errno != ENOENT)
    return storage_error(path.string() + " cannot be read: " + std::system_category().message(errno));
  file.log_ = ::open((path.string() + "-wal").c_str(), O_RDONLY | O_CLOEXEC);
  file.count_ = static_cast<std::uint32_t>(std::min(pages_max, (size_of(file.file_) + page_size - 1) / page_size));
  file.read_log();
  return file;
}

PageFile::PageFile(PageFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      log_(std::exchange(other.log_, -1)),
      count_(other.count_),
      log_is_broken_(other.log_is_broken_),
      in_log_(std::move(other.in_log_)),
      page_(std::move(other.page_)) {}

PageFile::~PageFile() {
  if (file_ >= 0) ::close(file_);
  if (log_ >= 0) ::close(log_);
}

bool PageFile::read_at(int file, std::uint64_t offset, std::size_t size) {
  page_.assign(size, 0);
  const ssize_t got = ::pread(file, page_.data(), size, static_cast<off_t>(offset));
  return got > 0;  // what is missing at the end of the last page is zeros
}

Bytes PageFile::read(std::uint32_t number) {
  if (number == 0 || number > count_) return {};
  const auto logged = in_log_.find(number);
  const bool there = logged != in_log_.end() ? read_at(log_, logged->second, page_size)
                                             : read_at(file_, (number - std::uint64_t{1}) * page_size, page_size);
  return there ? Bytes(page_) : Bytes();
}

/// A frame's checksum goes on from that of the frame before it, as it is stored there: so one that is broken does not
/// hide those behind it.
void PageFile::read_log() {
  const std::uint64_t size = size_of(log_);
  if (size < log_header_size || !read_at(log_, 0, log_header_size)) return;
  const bool most_significant_first = (page_[3] & 1) != 0;
  Checksum running;
  running.add(Bytes(page_).first(24), most_significant_first);
  if ((big_endian(page_, 0, 4) & ~1U) != log_magic || big_endian(page_, 8, 4) != page_size) return;
  if (running != stored_checksum(page_, 24)) return;
  const std::vector<std::uint8_t> salts(page_.begin() + 16, page_.begin() + 24);

  std::vector<std::pair<std::uint32_t, std::uint64_t>> waiting;  // for their commit
  std::unordered_set<std::uint32_t> since_break;                 // a commit writes each page once
  std::uint32_t last = 0;
  bool broken = false, commit_after = false;
  for (std::uint64_t at = log_header_size; at + frame_header_size + page_size <= size;
       at += frame_header_size + page_size) {
    if (!read_at(log_, at, frame_header_size + page_size)) break;
    const Bytes frame(page_);
    const Checksum stored = stored_checksum(frame, 16);
    running.add(frame.first(8), most_significant_first);
    running.add(frame.subspan(frame_header_size), most_significant_first);
    const bool sound = std::equal(salts.begin(), salts.end(), frame.begin() + 8) && running == stored;
    running = stored;
    if (!sound) {
      broken = true;
      continue;
    }
    const std::uint32_t number = big_endian(frame, 0, 4), pages = big_endian(frame, 4, 4);
    // The last frame of a commit may stand there several times, to fill a sector of the disk.
    const bool filling = std::exchange(last, number) == number;
    if (broken && !filling && (commit_after || !since_break.insert(number).second)) log_is_broken_ = true;
    if (number > 0 && waiting.size() < log_pages_max) waiting.emplace_back(number, at + frame_header_size);
    if (pages == 0) continue;
    commit_after = broken;
    for (const auto& [page, begin] : waiting) in_log_[page] = begin;
    waiting.clear();
    count_ = std::max(count_, pages);
  }
  count_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(count_, pages_max));
}

}  // namespace sluice::store
