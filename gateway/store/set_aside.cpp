#include "gateway/store/set_aside.h"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "gateway/core/time_text.h"
#include "gateway/store/page_file.h"

namespace sluice::store {

namespace fs = std::filesystem;

namespace {

constexpr auto mark_name = "sluice.db.damage";
constexpr std::string_view aside_prefix = "sluice.db.damaged-";
constexpr std::size_t kept_max = 3;

fs::path beside(const fs::path& file, std::string_view ending) {
  return fs::path(file).concat(ending);
}

/// "20261121T150000Z"
std::string date_of(Timestamp time) {
  std::string text = rfc3339(std::chrono::floor<std::chrono::seconds>(time));
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error))
    if (const std::string name = each->path().filename(); name.starts_with(aside_prefix) && name.ends_with("Z"))
      names.push_back(name);
  return names;
}

/// Behind those of the same time, so that it counts as the newest.
std::string free_name(const fs::path& folder, Timestamp now) {
  const std::string soon = std::string(aside_prefix) + date_of(now + std::chrono::hours(1));
  const std::vector<std::string> names = names_in(folder);
  for (;; now += std::chrono::seconds(1)) {
    std::string name = std::string(aside_prefix) + date_of(now);
    const auto taken = [&](const std::string& other) { return name <= other && other < soon; };
    std::error_code ignored;
    if (std::ranges::none_of(names, taken) && !fs::exists(beside(folder / name, "-wal"), ignored)) return name;
  }
}

Result<> move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::exists(from, error)) return {};
  fs::rename(from, to, error);
  if (error) return storage_error(from.string() + " is damaged, and cannot be renamed: " + error.message());
  return {};
}

std::int64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

void remove_all_of(const fs::path& file) {
  std::error_code ignored;
  for (const char* ending : {"-wal", "-shm", ""}) fs::remove(beside(file, ending), ignored);
}

/// SQLite throws away the log of a file that holds nothing.
Result<> make_room_for_log(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) std::ofstream(file, std::ios::binary | std::ios::app).close();
  if (fs::file_size(file, error) <= empty_size_max) fs::resize_file(file, PageFile::page_size, error);
  if (error) return storage_error(file.string() + " cannot be written: " + error.message());
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
  return {};
}

}  // namespace

Result<> mark_damaged(const DataFolder& folder, const std::string& why, Timestamp now) {
  if (damage_mark(folder)) return {};
  std::string line = why;
  std::replace(line.begin(), line.end(), '\n', ' ');
  return folder.write_file(mark_name, free_name(folder.path(), now) + "\n" + line + "\n");
}

std::optional<DamageMark> damage_mark(const DataFolder& folder) {
  std::ifstream file(folder.path() / mark_name);
  DamageMark mark;
  if (!std::getline(file, mark.file) || !mark.file.starts_with(aside_prefix)) return std::nullopt;
  if (mark.file.find('/') != std::string::npos) return std::nullopt;
  std::getline(file, mark.why);
  return mark;
}

Result<bool> set_aside(const DataFolder& folder, const DamageMark& mark) {
  const fs::path file = folder.path() / database_name, aside = folder.path() / mark.file;
  std::error_code ignored;
  if (!fs::exists(aside, ignored)) {
    // The log first: as long as the other is not there, what stands in the database's place is the old one.
    if (auto done = move(beside(file, "-wal"), beside(aside, "-wal")); !done) return done.error();
    if (auto done = folder.sync(); !done) return done.error();
    if (auto done = move(file, aside); !done) return done.error();
    if (!fs::exists(aside, ignored) && !fs::exists(beside(aside, "-wal"), ignored)) return false;
    if (auto done = make_room_for_log(aside); !done) return done.error();
  }
  remove_all_of(file);
  if (auto done = folder.sync(); !done) return done.error();
  return true;
}

std::vector<std::string> remove_older(const DataFolder& folder, const DamageMark& newest, std::int64_t bytes_max) {
  std::vector<std::string> names = names_in(folder.path());
  std::erase(names, newest.file);
  std::sort(names.rbegin(), names.rend());
  std::vector<std::string> removed;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const fs::path file = folder.path() / names[i];
    bytes += size_of(file) + size_of(beside(file, "-wal"));
    if (i + 1 < kept_max && bytes <= bytes_max) continue;
    remove_all_of(file);
    removed.push_back(names[i]);
  }
  return removed;
}

Result<> remove_mark(const DataFolder& folder) {
  std::error_code error;
  fs::remove(folder.path() / mark_name, error);
  if (error) return storage_error((folder.path() / mark_name).string() + " cannot be removed: " + error.message());
  return folder.sync();
}

}  // namespace sluice::store
